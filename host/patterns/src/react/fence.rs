/// A block of code as Markdown fences it, and nothing else.
pub(super) struct Fenced<'a> {
    /// The language that it says it is in, if it says one.
    pub(super) language: &'a str,
    pub(super) code: &'a str,
}

/// Returns the one block of code that a text is; none, where it is anything else.
pub(super) fn fenced(text: &str) -> Option<Fenced<'_>> {
    let text = text.trim();
    let mark = text.chars().next().filter(|mark| "`~".contains(*mark))?;
    let fence =
        text.get(..text.len().saturating_sub(text.trim_start_matches(mark).len())).filter(|fence| fence.len() >= 3)?;
    let (language, rest) = text.strip_prefix(fence)?.split_once('\n')?;
    let code = rest.strip_suffix(fence)?;
    let is_one = !code.lines().any(|line| line.trim_start().starts_with(fence));
    let is_alone = code.is_empty() || code.ends_with('\n');
    (is_one && is_alone).then_some(Fenced { language: language.trim(), code })
}

/// Returns source without the fences that models put around it.
pub(super) fn unfenced(source: &str) -> &str {
    fenced(source).map_or(source, |fenced| fenced.code)
}

/// What models also call a block that they want to be run.
const TO_BE_RUN: [&str; 2] = ["tool_code", "run_code"];

/// Returns whether a block says that it is in one of the languages that code is run in; what stands behind the language is
/// a title or the like.
pub(super) fn is_in(fenced: &Fenced<'_>, language: &str) -> bool {
    let names: &[&str] = match language {
        "python" | "python-lite" => &["python", "python3", "py", "python-lite", "ipython"],
        "javascript" | "typescript" => &["javascript", "js", "node", "nodejs", "mjs", "typescript", "ts"],
        other => &[other],
    };
    let said = fenced.language.split([' ', '\t', '{', ',', ':']).next().unwrap_or_default();
    names.iter().chain(&TO_BE_RUN).any(|name| said.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_one_block_is_code() {
        for (text, expected) in [
            ("```python\nprint(1)\n```", Some(("python", "print(1)\n"))),
            ("\n````js x\na\n```\n````\n", Some(("js x", "a\n```\n"))),
            ("```\n1\n```", Some(("", "1\n"))),
            ("```py\n```", Some(("py", ""))),
            ("Here:\n```py\n1\n```", None),
            ("```py\n1\n```\nand\n```py\n2\n```", None),
            ("```py\n1\n", None),
            ("~~~js\n1\n~~~", Some(("js", "1\n"))),
            ("~~~js\n1\n```", None),
            ("``` ```", None),
            ("x = 1", None),
            ("", None),
        ] {
            let found = fenced(text).map(|fenced| (fenced.language, fenced.code));
            assert_eq!(found, expected, "{text}");
        }
        assert_eq!(unfenced("```py\nx = 1\n```"), "x = 1\n");
        assert_eq!(unfenced("x = '```'"), "x = '```'");
    }

    /// A block that was meant to be run was taken for the answer.
    #[test]
    fn a_block_is_in_a_language_whatever_else_stands_on_its_fence() {
        for (says, language, expected) in [
            ("JavaScript", "javascript", true),
            ("js title=\"a.js\"", "javascript", true),
            ("node", "javascript", true),
            ("ts", "javascript", true),
            ("python {linenos}", "python", true),
            ("py:run", "python-lite", true),
            ("tool_code", "python", true),
            ("lua", "lua", true),
            ("json", "javascript", false),
            ("jsonc", "javascript", false),
            ("", "javascript", false),
            ("python", "javascript", false),
        ] {
            assert_eq!(is_in(&Fenced { language: says, code: "" }, language), expected, "{says} in {language}");
        }
    }
}
