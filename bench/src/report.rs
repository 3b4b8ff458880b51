//! What was measured, as a table.

use crate::load::Cost;
use crate::table::{Table, number};

/// What one question costs each build; nothing when one of them did not answer it well.
pub struct Row {
    pub code: &'static str,
    pub title: &'static str,
    pub costs: Vec<Cost>,
}

pub fn table(rows: &[Row], builds: usize) -> Table {
    if builds == 1 {
        costs(rows)
    } else {
        ratios(rows)
    }
}

fn costs(rows: &[Row]) -> Table {
    let mut table = Table::default();
    table.row([
        "",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "CPU ms of Orlo",
        "of the database",
        "statements",
    ]);
    for row in rows {
        let name = format!("{} {}", row.code, row.title);
        let Some(cost) = row.costs.first() else {
            table.row([name.as_str(), "failed", "", "", "", "", ""]);
            continue;
        };
        table.row([
            name,
            number(cost.per_second),
            number(cost.p50_millis),
            number(cost.p99_millis),
            number(cost.server_millis),
            cost.database_millis.map_or_else(String::new, number),
            format!("{:.1}", cost.statements),
        ]);
    }
    table
}

fn ratios(rows: &[Row]) -> Table {
    let mut table = Table::default();
    table.row([
        "",
        "requests/s: a",
        "b",
        "b/a",
        "p50 ms: a",
        "b",
        "b/a",
        "CPU ms: a",
        "b",
        "b/a",
        "statements: a",
        "b",
    ]);
    for row in rows {
        let mut cells = vec![format!("{} {}", row.code, row.title)];
        let [a, b] = row.costs[..] else {
            cells.push("failed".to_owned());
            cells.resize(12, String::new());
            table.row(cells);
            continue;
        };
        let figures: [fn(Cost) -> f64; 3] = [
            |cost: Cost| cost.per_second,
            |cost| cost.p50_millis,
            Cost::cpu_millis,
        ];
        for figure in figures {
            let (a, b) = (figure(a), figure(b));
            cells.extend([number(a), number(b), format!("{:.2}", b / a)]);
        }
        cells.extend([a, b].map(|cost| format!("{:.1}", cost.statements)));
        table.row(cells);
    }
    table
}
