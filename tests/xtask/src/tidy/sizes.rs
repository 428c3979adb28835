//! Lengths of files, functions and lines.

use super::{
    Report,
    tokens::{Kind, Token, after_tree, tokens, tree},
    tree::Tree,
};
use crate::failure::Failure;

pub(super) fn file_lines(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, text) in tree.texts(SOURCES) {
        report.looked_at += 1;
        let lines = text.lines().count();
        if lines > FILE_LINES_MAX && !IN_ONE_FILE.contains(&path) {
            let sentence = format!("the file has {lines} lines; divide it by idea");
            report.find(path, FILE_LINES_MAX + 1, &sentence);
        } else if lines > FILE_LINES_ASKED {
            report.warnings.push(format!("{path} has {lines} lines; is it one idea?"));
        }
    }
    Ok(report)
}

pub(super) fn function_lines(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, text) in tree.texts(&[".rs", ".py"]) {
        let functions = if path.ends_with(".rs") {
            rust_functions(&tokens(path, text)?)
        } else {
            python_functions(text)
        };
        report.looked_at += functions.len();
        for function in functions {
            let lines = function.last - function.first + 1;
            if lines > FUNCTION_LINES_MAX {
                let name = function.name;
                let sentence = format!("the function {name} has {lines} lines; divide it");
                report.find(path, function.first, &sentence);
            }
        }
    }
    Ok(report)
}

pub(super) fn line_columns(tree: &Tree) -> Result<Report, Failure> {
    let mut report = Report::default();
    for (path, text) in tree.texts(SOURCES_AND_SETTINGS) {
        for (index, line) in text.lines().enumerate() {
            report.looked_at += 1;
            let columns = line.chars().count();
            if columns > LINE_COLUMNS_MAX {
                report.find(path, index + 1, &format!("{columns} characters; break the line"));
            }
        }
    }
    Ok(report)
}

struct Function {
    name: String,
    first: usize,
    last: usize,
}

/// Functions with a body, also those inside macros.
fn rust_functions(tokens: &[Token]) -> Vec<Function> {
    let mut functions = Vec::new();
    let mut rest = tokens;
    while let Some((start, after)) = rest.split_first() {
        rest = after;
        let name = after.first().filter(|next| next.kind == Kind::Word);
        let (true, Some(name)) = (start.is("fn"), name) else { continue };
        let mut signature = after;
        while signature.first().is_some_and(|token| !token.is("{") && !token.is(";")) {
            signature = after_tree(signature);
        }
        let body = signature.first().filter(|token| token.is("{"));
        if let (Some(_), Some(end)) = (body, tree(signature).last()) {
            functions.push(Function { name: name.text.clone(), first: start.line, last: end.line });
        }
    }
    functions
}

/// Functions end before the next line that is not indented deeper than their `def`.
fn python_functions(text: &str) -> Vec<Function> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines: Vec<&str> = text.lines().collect();
    let mut functions = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let definition = line.trim_start().strip_prefix("async ").unwrap_or(line.trim_start());
        let Some(rest) = definition.strip_prefix("def ") else { continue };
        let name = rest.split('(').next().unwrap_or_default().to_owned();
        let body = lines.iter().enumerate().skip(index + 1);
        let last = body
            .filter(|(_, line)| !line.trim().is_empty())
            .take_while(|(_, next)| indent(next) > indent(line) || next.trim().starts_with(')'))
            .last()
            .map_or(index, |(last, _)| last);
        functions.push(Function { name, first: index + 1, last: last + 1 });
    }
    functions
}

const SOURCES: &[&str] = &[".rs", ".py", ".sh", ".ts", ".js", ".mjs", ".wit"];

const SOURCES_AND_SETTINGS: &[&str] =
    &[".rs", ".py", ".sh", ".ts", ".js", ".mjs", ".wit", ".toml", ".yml", ".ci/run"];

const FILE_LINES_MAX: usize = 800;
/// The second implementation is one file on purpose: whoever checks us reads it from top to bottom.
const IN_ONE_FILE: [&str; 1] = ["tests/reference/reference.py"];

const FILE_LINES_ASKED: usize = 400;

const FUNCTION_LINES_MAX: usize = 70;

const LINE_COLUMNS_MAX: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_801_lines_is_found_and_one_of_401_is_asked_about() {
        let (long, asked, fine) = ("\n".repeat(801), "\n".repeat(401), "\n".repeat(400));
        let files = [("a.rs", long.as_str()), ("b.py", &asked), ("c.sh", &fine), ("d.md", &long)];

        let report = file_lines(&Tree::planted(&files)).unwrap();

        assert_eq!(report.findings.len(), 1, "{:?}", report.findings);
        assert!(report.findings[0].starts_with("a.rs:801: "));
        assert_eq!(report.warnings.len(), 1);
        assert_eq!(report.looked_at, 3);
    }

    #[test]
    fn functions_of_71_lines_are_found_in_rust_macros_and_python() {
        let body = "    x();\n".repeat(69);
        let rust = format!("fn f(\n) {{\n{}}}", "x();\n".repeat(68));
        let inside = format!("macro_rules! m {{ () => {{ fn g() {{\n{body}}} }}; }}");
        let python = format!("def h(\n):\n{body}\n\ndef i():\n    pass\n");
        let fits = format!("fn j() {{\n{}}}\nfn k();", "x();\n".repeat(68));
        let tree = Tree::planted(&[
            ("a.rs", &rust),
            ("b.rs", &inside),
            ("c.py", &python),
            ("d.rs", &fits),
        ]);

        let report = function_lines(&tree).unwrap();

        assert_eq!(report.looked_at, 5);
        let names = ["a.rs:1: the function f", "b.rs:1: the function g", "c.py:1: the function h"];
        assert_eq!(report.findings.len(), names.len(), "{:?}", report.findings);
        for (finding, name) in report.findings.iter().zip(names) {
            assert!(finding.starts_with(name), "{finding}");
        }
    }

    #[test]
    fn a_line_of_101_characters_is_found() {
        let (long, fits) = ("é".repeat(101), "é".repeat(100));
        let tree = Tree::planted(&[("a.toml", &long), ("b.rs", &fits), ("c.md", &long)]);

        let report = line_columns(&tree).unwrap();

        assert_eq!(report.findings, ["a.toml:1: 101 characters; break the line"]);
    }
}
