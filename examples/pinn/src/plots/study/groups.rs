//! Rows that share a panel: all of them, or families of methods where all would be too many to tell apart.

use crate::method::Method;
use crate::study::table::Table;

/// More rows than this are split into families.
const MANY_ROWS: usize = 10;
/// Rows in a panel of families, without the baseline.
const ROWS_IN_A_GROUP: usize = 6;

/// Some of a table's rows.
pub struct Group {
    /// The families in it; empty if it has all rows.
    title: String,
    rows: Vec<usize>,
}

impl Group {
    /// Those of a table. Families, which have one leading method, stay together; small ones share a group; the baseline,
    /// the optimizer alone, is in every group.
    pub fn all(table: &Table) -> Vec<Self> {
        let leaders = table.rows.iter().map(|row| row.method.leader());
        split(&leaders.collect::<Vec<_>>())
    }

    /// Which of the given rows belong to it, in the order in which they are drawn: the baseline last, so that no other
    /// line covers it.
    pub fn pick(&self, table: &Table, rows: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut picked: Vec<usize> = rows.filter(|row| self.rows.contains(row)).collect();
        picked.sort_by_key(|&row| table.rows[row].is_baseline());
        picked
    }

    /// A panel's title with the families in a line of their own.
    pub fn titled(&self, panel: &str) -> String {
        let lines = [panel, &self.title];
        lines
            .map(str::to_owned)
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }
}

fn split(leaders: &[Method]) -> Vec<Group> {
    if leaders.len() <= MANY_ROWS {
        let rows = (0..leaders.len()).collect();
        return vec![Group {
            title: String::new(),
            rows,
        }];
    }
    let rows_of = |leader: Method| (0..leaders.len()).filter(move |&row| leaders[row] == leader);
    let mut groups: Vec<Group> = Vec::new();
    let mut placed = vec![Method::None];
    for &leader in leaders {
        if placed.contains(&leader) {
            continue;
        }
        placed.push(leader);
        let family: Vec<usize> = rows_of(leader).collect();
        let has_room = |group: &&mut Group| group.rows.len() + family.len() <= ROWS_IN_A_GROUP;
        match groups.iter_mut().find(has_room) {
            Some(group) => {
                group.rows.extend(family);
                group.title += &format!(", {}", leader.label());
            }
            None => groups.push(Group {
                title: leader.label().to_owned(),
                rows: family,
            }),
        }
    }
    let baseline: Vec<usize> = rows_of(Method::None).collect();
    groups
        .iter_mut()
        .for_each(|group| group.rows.extend(&baseline));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rows_share_one_panel() {
        let groups = split(&[Method::None; 10]);
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].rows, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(groups[0].titled("adam"), "adam");
    }

    #[test]
    fn many_rows_are_split_by_family_each_with_the_baseline() {
        let (none, mean, grad, auto) = (
            Method::None,
            Method::Centralize,
            Method::StableGrad,
            Method::Autoscale,
        );
        let leaders = [
            none, mean, grad, grad, grad, auto, grad, grad, grad, auto, mean,
        ];
        let groups = split(&leaders);
        let rows: Vec<_> = groups.iter().map(|group| group.rows.clone()).collect();
        assert_eq!(rows, [vec![1, 10, 5, 9, 0], vec![2, 3, 4, 6, 7, 8, 0]]);
        assert_eq!(groups[0].titled("adam"), "adam\nmean removal, Autoscale");
        assert_eq!(groups[1].titled(""), "StableGrad");
    }
}
