//! Plots of cost against size, as SVG that is readable on light and on dark pages.

mod axis;

use axis::Axis;

use super::results::{Figure, Group, Quantity, Results, median};

/// The plot of a group that has sizes, with the name of its file.
pub(super) fn of(results: &Results) -> Option<(&'static str, String)> {
    let (name, unit, panels): (_, _, &[Panel]) = match results.group {
        Group::Growth => ("records-by-size.svg", "records", RECORDS),
        Group::Files => ("snapshot-by-files.svg", "files", FILES),
        Group::Runtimes => ("runtimes-by-size.svg", "files or objects", RUNTIMES),
        _ => return None,
    };
    let panels: Vec<Drawn> = panels.iter().map(|panel| panel.draw(results)).collect();
    Some((name, picture(unit, &panels)))
}

/// One small plot.
struct Panel {
    title: &'static str,
    operation: &'static str,
    quantity: Quantity,
    value: Value,
}

/// What is drawn of a figure.
#[derive(Clone, Copy)]
enum Value {
    AsItIs,
    /// Seconds for all as microseconds for each.
    MicrosecondsEach,
}

struct Drawn {
    title: &'static str,
    lines: Vec<Drawing>,
}

/// The line of one program.
struct Drawing {
    program: String,
    /// Size and value, ascending by size.
    points: Vec<(f64, f64)>,
}

impl Panel {
    fn draw(&self, results: &Results) -> Drawn {
        let mut lines: Vec<Drawing> = Vec::new();
        let wanted = |figure: &&Figure| {
            figure.operation == self.operation && figure.quantity == self.quantity
        };
        for figure in results.figures.iter().filter(wanted) {
            let (Some(size), Some(value)) = (figure.size, median(&figure.values)) else { continue };
            let size = size as f64;
            let value = match self.value {
                Value::AsItIs => value,
                Value::MicrosecondsEach => value * 1e6 / size,
            };
            match lines.iter_mut().find(|line| line.program == figure.program) {
                Some(line) => line.points.push((size, value)),
                None => lines
                    .push(Drawing { program: figure.program.clone(), points: vec![(size, value)] }),
            }
        }
        lines.sort_by_key(|line| rank(&line.program));
        lines.iter_mut().for_each(|line| line.points.sort_by(|a, b| a.0.total_cmp(&b.0)));
        Drawn { title: self.title, lines }
    }
}

/// Ours first; each program has its colour in all plots.
fn rank(program: &str) -> usize {
    PROGRAMS.iter().position(|name| *name == program).unwrap_or(PROGRAMS.len())
}

fn picture(unit: &str, panels: &[Drawn]) -> String {
    let rows = panels.len().div_ceil(2);
    let height = HEAD + rows as f64 * PANEL_HEIGHT;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\" \
         aria-label=\"Cost against the number of {unit}\">\n{STYLE}\
         <rect class=\"page\" width=\"{WIDTH}\" height=\"{height}\"/>\n"
    );
    legend(&mut out, panels);
    for (number, panel) in panels.iter().enumerate() {
        let left = (number % 2) as f64 * (WIDTH / 2.0);
        let top = HEAD + (number / 2) as f64 * PANEL_HEIGHT;
        out.push_str(&format!("<g transform=\"translate({left} {top})\">\n"));
        draw(&mut out, unit, panel);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn legend(out: &mut String, panels: &[Drawn]) {
    let mut names: Vec<&str> = Vec::new();
    for line in panels.iter().flat_map(|panel| &panel.lines) {
        if !names.contains(&line.program.as_str()) {
            names.push(&line.program);
        }
    }
    let mut left = LEFT;
    for name in names {
        let class = rank(name).min(PROGRAMS.len() - 1);
        out.push_str(&format!("<path class=\"line p{class}\" d=\"M{left} 22 h24\"/>"));
        mark(out, class, left + 12.0, 22.0);
        let text = left + 32.0;
        out.push_str(&format!("<text x=\"{text}\" y=\"26\">{}</text>\n", escaped(name)));
        left = text + 8.0 * name.len() as f64 + 24.0;
    }
}

fn draw(out: &mut String, unit: &str, panel: &Drawn) {
    let points = || panel.lines.iter().flat_map(|line| &line.points);
    let across = Axis::over(points().map(|point| point.0), (LEFT, WIDTH / 2.0 - RIGHT));
    let up = Axis::over(points().map(|point| point.1), (PANEL_HEIGHT - BOTTOM, TOP));
    let (Some(across), Some(up)) = (across, up) else { return };
    let (low, high) = (PANEL_HEIGHT - BOTTOM, TOP);
    let end = WIDTH / 2.0 - RIGHT;
    out.push_str(&format!("<text class=\"head\" x=\"{LEFT}\" y=\"18\">{}</text>\n", panel.title));
    for (value, label) in up.ticks() {
        let y = up.at(value);
        out.push_str(&format!("<path class=\"grid\" d=\"M{LEFT} {y:.1} H{end}\"/>"));
        let x = LEFT - 8.0;
        let y = y + 4.0;
        out.push_str(&format!("<text class=\"up\" x=\"{x}\" y=\"{y:.1}\">{label}</text>\n"));
    }
    for (value, label) in across.ticks() {
        let x = across.at(value);
        out.push_str(&format!("<path class=\"grid\" d=\"M{x:.1} {low} V{high}\"/>"));
        let y = low + 18.0;
        out.push_str(&format!("<text class=\"across\" x=\"{x:.1}\" y=\"{y}\">{label}</text>\n"));
    }
    let (x, y) = (f64::midpoint(LEFT, end), low + 36.0);
    out.push_str(&format!("<text class=\"across\" x=\"{x}\" y=\"{y}\">{unit}</text>\n"));
    out.push_str(&format!("<path class=\"axis\" d=\"M{LEFT} {high} V{low} H{end}\"/>\n"));
    for line in panel.lines.iter().rev() {
        let class = rank(&line.program).min(PROGRAMS.len() - 1);
        let place = |point: &(f64, f64)| (across.at(point.0), up.at(point.1));
        let path: Vec<String> =
            line.points.iter().map(place).map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        let path = path.join(" L");
        out.push_str(&format!("<path class=\"line p{class}\" d=\"M{path}\"/>\n"));
        for (x, y) in line.points.iter().map(place) {
            mark(out, class, x, y);
        }
        out.push('\n');
    }
}

/// Programs differ in the shape of their marks too, not only in colour.
fn mark(out: &mut String, class: usize, x: f64, y: f64) {
    let (left, top) = (x - 4.0, y - 4.0);
    out.push_str(&match class {
        0 => format!("<circle class=\"mark p{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>"),
        1 | 3 | 5 => format!(
            "<rect class=\"mark p{class}\" x=\"{left:.1}\" y=\"{top:.1}\" \
             width=\"8\" height=\"8\"/>"
        ),
        _ => format!("<path class=\"mark p{class}\" d=\"M{x:.1} {top:.1} l5 9 h-10 z\"/>"),
    });
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

const fn panel(
    title: &'static str,
    operation: &'static str,
    quantity: Quantity,
    value: Value,
) -> Panel {
    Panel { title, operation, quantity, value }
}

const RECORDS: &[Panel] = &[
    panel("insert: µs of CPU a record", "insert", Quantity::CpuUs, Value::AsItIs),
    panel("point read: µs of CPU a record", "point read", Quantity::CpuUs, Value::AsItIs),
    panel("open: ms of CPU", "open", Quantity::CpuMs, Value::AsItIs),
    panel("on disk: bytes a byte of payload", "stored", Quantity::Times, Value::AsItIs),
];

const FILES: &[Panel] = &[
    panel("cold snapshot: µs of CPU a file", "cold", Quantity::CpuS, Value::MicrosecondsEach),
    panel(
        "unchanged snapshot: µs of CPU a file",
        "unchanged",
        Quantity::CpuS,
        Value::MicrosecondsEach,
    ),
];

const RUNTIMES: &[Panel] = &[
    panel("a tree of small files: µs a file", "tree", Quantity::WallS, Value::MicrosecondsEach),
    panel("objects into IndexedDB: µs each", "put", Quantity::WallS, Value::MicrosecondsEach),
    panel("objects out of IndexedDB: µs each", "fetch", Quantity::WallS, Value::MicrosecondsEach),
];

/// Their places are those of the colours below. Programs that share a colour share no plot.
const PROGRAMS: &[&str] =
    &["markerbed", "LMDB", "RocksDB", "tar | zstd -1", "git status", "natively"];

const WIDTH: f64 = 920.0;
const HEAD: f64 = 44.0;
const PANEL_HEIGHT: f64 = 290.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 32.0;
const BOTTOM: f64 = 56.0;

const STYLE: &str = "  <style>
    .page { fill: #ffffff; } text { fill: #26221c; } .head { font-weight: 600; }
    .up { text-anchor: end; } .across { text-anchor: middle; }
    .grid { stroke: #d9d5cc; stroke-width: 1; } .axis { stroke: #5b5346; fill: none; }
    .line { stroke-width: 2.2; fill: none; } .mark { stroke: #ffffff; stroke-width: 1; }
    .p0 { stroke: #0b5cad; } .p1, .p3, .p5 { stroke: #c04a00; }
    .p2, .p4 { stroke: #00785a; }
    .mark.p0 { fill: #0b5cad; } .mark.p1, .mark.p3, .mark.p5 { fill: #c04a00; }
    .mark.p2, .mark.p4 { fill: #00785a; }
    .mark { stroke: #ffffff; }
    @media (prefers-color-scheme: dark) {
      .page { fill: #16181d; } text { fill: #e4e1da; } .grid { stroke: #33373f; }
      .axis { stroke: #a59e90; } .mark { stroke: #16181d; }
      .p0 { stroke: #6db3f8; } .p1, .p3, .p5 { stroke: #f59a5c; }
      .p2, .p4 { stroke: #4fd1a5; }
      .mark.p0 { fill: #6db3f8; } .mark.p1, .mark.p3, .mark.p5 { fill: #f59a5c; }
      .mark.p2, .mark.p4 { fill: #4fd1a5; }
    }
  </style>
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::tests::empty;

    #[test]
    fn a_plot_has_a_line_for_each_program_and_units_on_its_axes() {
        let mut results = empty(Group::Growth);
        for (program, factor) in [("LMDB", 20.0), ("markerbed", 1.0)] {
            for size in [1_000, 10_000, 100_000] {
                results.add_at(Some(size), "insert", program, Quantity::CpuUs, factor);
            }
        }

        let (name, picture) = of(&results).unwrap();

        assert_eq!(name, "records-by-size.svg");
        for part in ["µs of CPU a record", ">records<", ">10⁵<", ">markerbed<", ">LMDB<", ">10<"]
        {
            assert!(picture.contains(part), "{part}: {picture}");
        }
        assert_eq!(picture.matches("class=\"line p0\"").count(), 2, "in the legend and the plot");
        assert_eq!(picture.matches('<').count(), picture.matches('>').count());
    }

    #[test]
    fn seconds_for_all_files_become_microseconds_for_each() {
        let mut results = empty(Group::Files);
        results.add_at(Some(1_000), "cold", "markerbed", Quantity::CpuS, 0.05);

        let drawn = FILES[0].draw(&results);

        assert_eq!(drawn.lines[0].points, [(1_000.0, 50.0)]);
    }

    #[test]
    fn groups_without_sizes_have_no_plot() {
        assert!(of(&empty(Group::Tree)).is_none());
    }
}
