//! Rust sources as flat lists of tokens: comments are gone, and every token knows its line.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::failure::{Failure, OrFail};

/// One token; a group is its opening, its contents and its closing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Token {
    pub(super) text: String,
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Word,
    Mark,
    Literal,
    Open,
    Close,
}

impl Token {
    pub(super) fn is(&self, text: &str) -> bool {
        self.kind != Kind::Literal && self.text == text
    }
}

/// Divides a Rust source into tokens.
pub(super) fn tokens(path: &str, text: &str) -> Result<Vec<Token>, Failure> {
    let stream: TokenStream = text.parse().or_fail(format!("{path} is not Rust"))?;
    let mut flat = Vec::new();
    flatten(stream, &mut flat);
    Ok(flat)
}

/// As [`tokens`], without what is only compiled for tests.
pub(super) fn tokens_without_tests(path: &str, text: &str) -> Result<Vec<Token>, Failure> {
    if path.ends_with("/tests.rs") || path.contains("/tests/") {
        return Ok(Vec::new());
    }
    let all = tokens(path, text)?;
    let mut kept = Vec::new();
    let mut rest = all.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if begins_with(rest, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            rest = after_item(rest);
        } else {
            kept.push(first.clone());
            rest = after;
        }
    }
    Ok(kept)
}

/// Tells whether the next tokens are these.
pub(super) fn begins_with(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.is(text))
}

/// Goes past a group if one opens here, else past one token.
pub(super) fn after_tree(tokens: &[Token]) -> &[Token] {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return tokens.get(index + 1..).unwrap_or_default();
        }
    }
    &[]
}

/// The tokens of the group that opens here, with its ends.
pub(super) fn tree(tokens: &[Token]) -> &[Token] {
    let rest = after_tree(tokens).len();
    tokens.get(..tokens.len() - rest).unwrap_or_default()
}

/// Goes past attributes and the item that follows them: to its braces' end or its semicolon.
fn after_item(mut tokens: &[Token]) -> &[Token] {
    while let Some(first) = tokens.first() {
        let ends = first.is("{") || first.is(";");
        tokens = after_tree(tokens);
        if ends {
            break;
        }
    }
    tokens
}

fn flatten(stream: TokenStream, flat: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        let mut push = |text: String, line, kind| flat.push(Token { text, line, kind });
        match tree {
            TokenTree::Ident(word) => push(word.to_string(), line, Kind::Word),
            TokenTree::Punct(mark) => push(mark.to_string(), line, Kind::Mark),
            TokenTree::Literal(literal) => push(literal.to_string(), line, Kind::Literal),
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                push(open.to_owned(), line, Kind::Open);
                flatten(group.stream(), flat);
                let end = group.span_close().end().line;
                flat.push(Token { text: close.to_owned(), line: end, kind: Kind::Close });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_only_for_tests_is_left_out() {
        let source = "fn kept() {}\n#[cfg(test)]\nmod tests { fn gone() {} }\nfn also_kept() {}";

        let tokens = tokens_without_tests("core/src/lib.rs", source).unwrap();

        let has = |word| tokens.iter().any(|token| token.is(word));
        assert!(has("kept") && has("also_kept"));
        assert!(!has("gone") && !has("cfg"));
    }

    #[test]
    fn comments_are_no_words_and_lines_are_told() {
        let tokens = tokens("a.rs", "// blake3\n\nfn f() {\n}\n").unwrap();

        assert!(tokens.iter().all(|token| token.text != "blake3"));
        assert_eq!(tokens.first().map(|token| token.line), Some(3));
        assert_eq!(tokens.last().map(|token| token.line), Some(4));
    }
}
