//! Just enough Markdown.

/// A document that grows from top to bottom.
#[derive(Default)]
pub struct Markdown {
    text: String,
}

/// Where the cells of all columns but the first stand.
#[derive(Clone, Copy)]
pub enum Alignment {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

impl Markdown {
    /// A heading; nothing if it is empty.
    pub fn heading(&mut self, level: usize, text: &str) {
        if !text.is_empty() {
            self.paragraph(&format!("{} {text}", "#".repeat(level)));
        }
    }

    /// Text and an empty line; nothing if it is empty.
    pub fn paragraph(&mut self, text: &str) {
        if !text.is_empty() {
            self.text.push_str(text);
            self.text.push_str("\n\n");
        }
    }

    /// A picture in the same folder.
    pub fn picture(&mut self, file: &str, shows: &str) {
        self.paragraph(&format!("![{shows}]({file})"));
    }

    /// A table.
    pub fn table(&mut self, head: &[String], alignment: Alignment, rows: Vec<Vec<String>>) {
        let rule = match alignment {
            Alignment::Left => "---",
            Alignment::Right => "--:",
        };
        let rules = std::iter::once("---").chain(std::iter::repeat_n(rule, head.len() - 1));
        self.row(head);
        self.row(&rules.map(str::to_owned).collect::<Vec<_>>());
        rows.iter().for_each(|row| self.row(row));
        self.text.push('\n');
    }

    /// The whole document.
    pub fn text(self) -> String {
        format!("{}\n", self.text.trim_end())
    }

    fn row(&mut self, cells: &[String]) {
        let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_made_of_blocks() {
        let mut out = Markdown::default();
        out.heading(2, "Head");
        out.heading(3, "");
        out.table(
            &["a", "b"].map(str::to_owned),
            Alignment::Right,
            vec![vec!["1|2".to_owned(), "3".to_owned()]],
        );
        assert_eq!(
            out.text(),
            "## Head\n\n| a | b |\n| --- | --: |\n| 1\\|2 | 3 |\n"
        );
    }
}
