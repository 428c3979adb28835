//! Results as tables, for the terminal and for the page.

use std::collections::BTreeMap;

use super::{
    results::{Figure, Quantity, Results, median},
    targets::{Row, rows},
};

/// The table of targets, in Markdown.
pub(super) fn targets(results: &Results) -> String {
    let rows = rows(results);
    if rows.is_empty() {
        return String::new();
    }
    let mut lines = vec![[
        "operation".to_owned(),
        "markerbed".to_owned(),
        "peer".to_owned(),
        "its".to_owned(),
        "ratio".to_owned(),
        "at most".to_owned(),
        "met".to_owned(),
    ]];
    lines.extend(rows.into_iter().map(cells));
    markdown(&lines)
}

/// Everything that was measured without a size, a line for each operation and program.
pub(super) fn everything(results: &Results) -> String {
    let mut found: BTreeMap<(usize, usize), BTreeMap<&str, String>> = BTreeMap::new();
    let (mut operations, mut programs) = (Vec::new(), Vec::new());
    for figure in results.figures.iter().filter(|figure| is_shown(figure)) {
        let Some(value) = median(&figure.values) else { continue };
        let at = (place(&mut operations, &figure.operation), place(&mut programs, &figure.program));
        let shown = amount(value, figure.quantity);
        found.entry(at).or_default().insert(title(figure.quantity), shown);
    }
    let is_used = |title: &&&str| found.values().any(|values| values.contains_key(**title));
    let titles: Vec<&str> = TITLES.iter().filter(is_used).copied().collect();
    let head = ["operation", "program"].into_iter().chain(titles.iter().copied());
    let mut lines: Vec<Vec<String>> = vec![head.map(str::to_owned).collect()];
    for ((operation, program), mut values) in found {
        let names = [operations.get(operation), programs.get(program)];
        let mut line: Vec<String> = names.into_iter().flatten().cloned().collect();
        line.extend(titles.iter().map(|title| values.remove(title).unwrap_or_default()));
        lines.push(line);
    }
    markdown(&lines)
}

/// What was measured at several sizes: a line for each operation and program, a column a size.
pub(super) fn by_size(results: &Results) -> String {
    let mut sizes: Vec<u64> = results.figures.iter().filter_map(|figure| figure.size).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut keys = Vec::new();
    for figure in results.figures.iter().filter(|figure| figure.size.is_some()) {
        let Figure { operation, program, quantity, .. } = figure;
        if *quantity != Quantity::WallS {
            place(&mut keys, &(operation, program, *quantity));
        }
    }
    keys.sort_by_key(|(operation, _, quantity)| (*quantity, (*operation).clone()));
    let head = ["operation", "program", "of what"].map(str::to_owned);
    let head = head.into_iter().chain(sizes.iter().map(|size| thousands(*size as f64)));
    let mut lines: Vec<Vec<String>> = vec![head.collect()];
    for (operation, program, quantity) in keys {
        let mut line = vec![operation.clone(), program.clone(), title(quantity).to_owned()];
        line.extend(sizes.iter().map(|size| {
            let is_it = |figure: &&Figure| {
                (&figure.operation, &figure.program) == (operation, program)
                    && (figure.quantity, figure.size) == (quantity, Some(*size))
            };
            let value = results.figures.iter().find(is_it).and_then(|it| median(&it.values));
            value.map(|value| amount(value, quantity)).unwrap_or_default()
        }));
        lines.push(line);
    }
    markdown(&lines)
}

/// What it was measured on and how it is repeated.
pub(super) fn conditions(results: &Results) -> String {
    let (fewest, most) = results.rounds();
    let rounds = match (fewest, most) {
        (_, 1) => "One round".to_owned(),
        (fewest, most) if fewest == most => format!("Medians of {most} rounds"),
        (fewest, most) => format!("Medians of {fewest} to {most} rounds"),
    };
    let [before, after] = results.load;
    let versions: Vec<&str> = results.programs.values().map(String::as_str).collect();
    let mut text = format!(
        "`{}`\n\n{}. {rounds}; {}; commit {}; load average {before:.1} at the \
         beginning and {after:.1} at the end.",
        results.command,
        capitalised(&results.input),
        results.machine,
        results.commit,
    );
    if !versions.is_empty() {
        text.push_str(&format!(" Peers: {}.", versions.join("; ")));
    }
    if !results.left_out.is_empty() {
        let left_out: Vec<&str> = results.left_out.iter().map(String::as_str).collect();
        text.push_str(&format!(" Left out: {}.", left_out.join("; ")));
    }
    text.push('\n');
    text
}

/// A value in the unit of what it counts.
pub(super) fn amount(value: f64, quantity: Quantity) -> String {
    match quantity {
        Quantity::CpuS | Quantity::WallS if value < 0.1 => format!("{:.1} ms", value * 1e3),
        Quantity::CpuS | Quantity::WallS => format!("{value:.2} s"),
        Quantity::PeakMib => format!("{value:.0} MiB"),
        Quantity::Bytes => megabytes(value),
        Quantity::Files => thousands(value),
        Quantity::CpuUs => format!("{value:.2} µs"),
        Quantity::CpuMs | Quantity::WallMs if value < 10.0 => format!("{value:.2} ms"),
        Quantity::CpuMs | Quantity::WallMs => format!("{value:.0} ms"),
        Quantity::Times => format!("{value:.2} ×"),
    }
}

/// Bytes as people say them.
pub(super) fn megabytes(bytes: f64) -> String {
    match bytes {
        0.0 => "nothing".to_owned(),
        small if small < 1e4 => format!("{} bytes", thousands(small)),
        medium if medium < 1e6 => format!("{:.1} kB", medium / 1e3),
        large => format!("{:.1} MB", large / 1e6),
    }
}

/// A whole number with commas.
pub(super) fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn is_shown(figure: &Figure) -> bool {
    figure.size.is_none() && !figure.program.is_empty()
}

fn place<T: PartialEq + Clone>(all: &mut Vec<T>, one: &T) -> usize {
    all.iter().position(|other| other == one).unwrap_or_else(|| {
        all.push(one.clone());
        all.len() - 1
    })
}

const fn title(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::CpuS | Quantity::CpuUs | Quantity::CpuMs => "CPU",
        Quantity::WallS | Quantity::WallMs => "wall",
        Quantity::PeakMib => "peak memory",
        Quantity::Bytes => "bytes",
        Quantity::Files => "files",
        Quantity::Times => "times",
    }
}

fn cells(row: Row) -> [String; 7] {
    let ratio = row.ratio.map(|ratio| format!("{ratio:.2} ×")).unwrap_or_default();
    let met = match row.met {
        Some(true) => "yes",
        Some(false) => "**no**",
        None => "",
    };
    [row.shown, row.ours, row.peer, row.theirs, ratio, row.at_most, met.to_owned()]
}

/// Lines of cells; the first is the head. Columns are padded, so that it reads as plain text too.
fn markdown<L: AsRef<[String]>>(lines: &[L]) -> String {
    let escaped = |cell: &String| cell.replace('|', "\\|");
    let lines: Vec<Vec<String>> =
        lines.iter().map(|line| line.as_ref().iter().map(escaped).collect()).collect();
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
        })
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(&format!("| {cell:<width$} "));
        }
        text.push_str("|\n");
        if number == 0 {
            widths.iter().for_each(|width| text.push_str(&format!("|-{:-<width$}-", "")));
            text.push_str("|\n");
        }
    }
    text
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// In the order of the columns.
const TITLES: [&str; 6] = ["CPU", "wall", "peak memory", "bytes", "files", "times"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::{
        contest::OURS,
        results::{Group, tests::empty},
    };

    #[test]
    fn amounts_are_shown_in_units_that_fit() {
        let shown = [
            amount(0.0123, Quantity::CpuS),
            amount(1.234, Quantity::WallS),
            amount(71_000_000.0, Quantity::Bytes),
            amount(500.0, Quantity::Bytes),
            amount(0.0, Quantity::Bytes),
            amount(1.5, Quantity::CpuUs),
            amount(36_001.0, Quantity::Files),
            amount(1.04, Quantity::Times),
        ];

        let expected =
            ["12.3 ms", "1.23 s", "71.0 MB", "500 bytes", "nothing", "1.50 µs", "36,001", "1.04 ×"];
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_table_of_targets_says_what_is_met() {
        let mut results = empty(Group::Tree);
        results.add("cold", OURS, Quantity::CpuS, 1.2);
        results.add("cold", "tar | zstd -1", Quantity::CpuS, 1.0);

        let table = targets(&results);

        let line = table.lines().nth(2).unwrap();
        let cells: Vec<_> = line.split(" | ").map(str::trim).collect();
        assert_eq!(cells[1..6], ["1.20 s", "tar \\| zstd -1", "1.00 s", "1.20 ×", "1.00 ×"]);
        assert!(line.ends_with("| **no** |"), "{line}");
    }

    #[test]
    fn everything_measured_stands_in_one_table_without_the_input() {
        let mut results = empty(Group::Tree);
        results.add("input", "", Quantity::Files, 7.0);
        results.add("cold", OURS, Quantity::CpuS, 1.0);
        results.add("cold", OURS, Quantity::PeakMib, 20.0);
        results.add("cold", "borg", Quantity::CpuS, 4.0);

        let table = everything(&results);

        let lines: Vec<_> = table.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("| operation | program   | CPU    | peak memory |"));
        assert!(lines[2].contains("| markerbed | 1.00 s | 20 MiB"), "{table}");
        assert!(lines[3].contains("| borg      | 4.00 s |  "), "{table}");
    }

    #[test]
    fn conditions_name_machine_rounds_and_what_is_left_out() {
        let mut results = empty(Group::Tree);
        results.add("cold", OURS, Quantity::CpuS, 1.0);
        results.left_out.insert("borg is not installed".to_owned());

        let text = conditions(&results);

        assert!(text.starts_with("`cargo xtask bench compare`\n\nA tree. One round; "));
        assert!(text.contains("machine: one; commit abcdef12; load average 0.5"));
        assert!(text.ends_with("Left out: borg is not installed.\n"));
    }
}
