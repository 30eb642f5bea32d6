//! Comma-separated values, for exports.

/// A line of comma-separated values. A cell that a spreadsheet would take for a formula begins with an apostrophe
/// (threat T15).
pub(crate) fn csv(cells: &[&str]) -> String {
    let mut line = String::new();
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            line.push(',');
        }
        let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        if is_formula || cell.contains([',', '"', '\r', '\n']) {
            line.push('"');
            line.push_str(if is_formula { "'" } else { "" });
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn a_cell_is_one_cell_whatever_is_in_it() {
        assert_eq!(csv(&["a", "", "b,c", "say \"x\"", "1\n2"]), "a,,\"b,c\",\"say \"\"x\"\"\",\"1\n2\"\r\n");
    }

    #[test]
    fn no_cell_is_a_formula() {
        for start in ["=", "+", "-", "@", "\t", "\r"] {
            let line = csv(&["a", &format!("{start}cmd|' /C calc'!A0")]);
            assert!(line.starts_with(&format!("a,\"'{start}cmd")), "{line}");
        }
    }
}
