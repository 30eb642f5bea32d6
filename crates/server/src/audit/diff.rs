//! What differs between two texts, line by line.

/// Beyond this many pairs of lines, the differing part is shown as replaced as a whole.
const PAIRS_MAX: usize = 4_000_000;

/// Lines that are only in the old text, with `-` before them, and only in the new one, with `+`.
pub(super) fn lines(old: &str, new: &str) -> Vec<String> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let begin = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[begin..], &new[begin..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[..old.len() - end], &new[..new.len() - end]);
    if old.len().saturating_mul(new.len()) > PAIRS_MAX {
        let (gone, come) = (old.iter().map(|line| format!("-{line}")), new.iter().map(|line| format!("+{line}")));
        return gone.chain(come).collect();
    }
    walk(old, new, &common(old, new))
}

/// How long the longest common run of lines is from each pair of places on.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut longest = vec![vec![0; new.len() + 1]; old.len() + 1];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            longest[i][j] =
                if a == b { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    longest
}

fn walk(old: &[&str], new: &[&str], longest: &[Vec<u32>]) -> Vec<String> {
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            lines.push(format!("-{}", old[i]));
            i += 1;
        } else {
            lines.push(format!("+{}", new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn only_what_differs_is_shown_in_its_order() {
        assert_eq!(lines("a\nb\nc\nd", "a\nx\nc\nd\ne"), ["-b", "+x", "+e"]);
        assert_eq!(lines("a\nb", "a\nb"), <[String; 0]>::default());
        assert_eq!(lines("", "a"), ["+a"]);
        assert_eq!(lines("a", ""), ["-a"]);
    }

    #[test]
    fn texts_too_large_to_compare_are_shown_as_replaced() {
        let text = |letter: &str| vec![letter; 2_500].join("\n");
        let shown = lines(&text("a"), &text("b"));
        assert_eq!((shown.len(), shown[0].as_str(), shown[4_999].as_str()), (5_000, "-a", "+b"));
    }
}
