//! `docs/reference/performance.md`: its tables and plots come from the results kept beside it.

use std::fs;

use super::{
    plot,
    results::{Group, Results},
    tables,
};
use crate::{
    failure::{Failure, OrFail},
    program::root,
};

/// Makes the tables of the page and the plots anew.
///
/// # Errors
///
/// If the page has not the marks for a group, or results cannot be read.
pub(super) fn write() -> Result<(), Failure> {
    for (path, text) in files()? {
        fs::write(root().join(&path), text).or_fail(&path)?;
        println!("wrote {path}");
    }
    Ok(())
}

/// What the results kept make: the page and the plots, with their paths.
fn files() -> Result<Vec<(String, String)>, Failure> {
    let mut page = fs::read_to_string(root().join(PAGE)).or_fail(PAGE)?;
    let mut files = Vec::new();
    for group in Group::ALL {
        let Some(results) = Results::kept(group)? else { continue };
        page = replaced(&page, group.name(), &block(&results))?;
        if let Some((name, picture)) = plot::of(&results) {
            files.push((format!("docs/images/{name}"), picture));
        }
    }
    files.push((PAGE.to_owned(), page));
    Ok(files)
}

/// A group's part of the page.
fn block(results: &Results) -> String {
    let mut text = tables::conditions(results);
    let everything = if results.group.has_sizes() {
        tables::by_size(results)
    } else {
        tables::everything(results)
    };
    for table in [tables::targets(results), everything] {
        if !table.is_empty() {
            text.push('\n');
            text.push_str(&table);
        }
    }
    text
}

/// Puts `text` between the marks of a name.
fn replaced(page: &str, name: &str, text: &str) -> Result<String, Failure> {
    let begin = format!("<!-- measured: {name} -->\n");
    let (before, rest) = page.split_once(&begin).or_fail(format!("the page has no {begin}"))?;
    let (_, after) = rest.split_once(END).or_fail(format!("{begin} has no end"))?;
    Ok(format!("{before}{begin}\n{text}\n{END}{after}"))
}

const PAGE: &str = "docs/reference/performance.md";
const END: &str = "<!-- end of what was measured -->";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{contest::OURS, results::Quantity, results::tests::empty};

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let page = format!("a\n<!-- measured: tree -->\nold\n{END}\nb\n{END}\nc");

        let new = replaced(&page, "tree", "new\n").unwrap();

        assert_eq!(new, format!("a\n<!-- measured: tree -->\n\nnew\n\n{END}\nb\n{END}\nc"));
        assert_eq!(replaced(&new, "tree", "new\n").unwrap(), new);
        assert!(replaced(&page, "large", "").is_err());
    }

    #[test]
    fn a_block_has_the_conditions_then_targets_then_everything() {
        let mut results = empty(Group::Tree);
        results.add("cold", OURS, Quantity::CpuS, 1.0);
        results.add("cold", "borg", Quantity::CpuS, 4.0);

        let text = block(&results);

        let at = |part: &str| text.find(part).unwrap();
        assert!(at("One round") < at("at most") && at("at most") < at("| program"), "{text}");
    }

    /// Whoever changes a figure by hand, or the page's tables, is found out.
    #[test]
    fn the_page_and_the_plots_are_what_the_results_kept_make() {
        for (path, text) in files().unwrap() {
            let found = fs::read_to_string(root().join(&path)).unwrap();

            assert!(found == text, "{path} is not what `cargo xtask bench page` writes");
        }
    }
}
