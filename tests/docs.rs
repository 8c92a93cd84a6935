//! The documents: links that resolve, configurations that are accepted, commands that exist, and a README that stays short.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use stockade::Config;
use stockade_tests::{Place, root};

use crate::layers::files;

const README_LINES_MAX: usize = 150;

/// Commands whose first word is a group of commands.
const GROUPS: [&str; 10] =
    ["audit", "journal", "language", "mcp", "memory", "openapi", "session", "skill", "token", "tool"];

fn pages() -> Vec<String> {
    [vec!["README.md".to_owned()], files("docs/src", ".md"), files("examples", ".md")].concat()
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// Splits a page into its prose and its blocks, each of a language.
fn parts(page: &str) -> (String, Vec<(String, String)>) {
    let (mut prose, mut blocks) = (String::new(), Vec::new());
    for (at, part) in read(page).split("\n```").enumerate() {
        if at % 2 == 0 {
            prose += part;
        } else {
            let (language, block) = part.split_once('\n').unwrap_or((part, ""));
            blocks.push((language.to_owned(), block.to_owned()));
        }
    }
    (prose, blocks)
}

fn blocks(page: &str, language: &str) -> Vec<String> {
    parts(page).1.into_iter().filter(|(name, _)| name == language).map(|(_, block)| block).collect()
}

/// The name by which a link finds a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect()
}

fn resolves(page: &str, link: &str) -> bool {
    let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
    let folder = root().join(page).parent().unwrap().to_owned();
    let target = if file.is_empty() { root().join(page) } else { folder.join(file) };
    if fragment.is_empty() {
        return target.exists();
    }
    let text = fs::read_to_string(target).unwrap_or_default();
    text.lines().any(|line| line.starts_with('#') && anchor(line) == fragment)
}

#[test]
fn the_readme_is_short_and_names_the_test_command() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(lines <= README_LINES_MAX, "README.md has {lines} lines; move some to docs/src");
    assert!(readme.contains("\ntests/run\n"));
}

#[test]
fn links_lead_to_pages_and_headings_that_exist() {
    for page in pages() {
        let (prose, _) = parts(&page);
        for link in prose.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(link.starts_with("https://") || resolves(&page, link), "{page} has a link to \"{link}\"");
        }
    }
}

#[test]
fn pages_of_the_book_are_in_its_summary() {
    let summary = read("docs/src/SUMMARY.md");
    for page in files("docs/src", ".md").iter().filter(|page| !page.ends_with("SUMMARY.md")) {
        let link = format!("]({})", page.strip_prefix("docs/src/").unwrap());
        assert!(summary.contains(&link), "docs/src/SUMMARY.md does not list {page}");
    }
}

#[test]
fn configurations_of_the_documents_are_accepted() {
    for page in pages() {
        for block in blocks(&page, "toml").iter().filter(|block| !block.contains("dependencies]")) {
            let parsed = Config::parse(block);
            assert!(parsed.is_ok(), "{page}: {}\n{block}", parsed.unwrap_err());
        }
    }
}

/// The calls of the binary in a block of the shell, as words.
fn commands(block: &str) -> Vec<Vec<String>> {
    let lines = block.replace("\\\n", " ").replace("|\n", "| ");
    let pieces = lines.lines().flat_map(|line| line.split("&& ")).filter_map(|line| {
        let line = line.split(" #").next().unwrap_or_default();
        let ours = || if line.starts_with("cargo ") { None } else { line.split_once("stockade ") };
        line.split_once("cargo run --release -- ").or_else(ours).map(|(_, rest)| rest)
    });
    pieces.map(|piece| piece.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn commands_of_the_documents_exist_with_their_options() {
    let place = Place::new();
    let mut helps = BTreeMap::new();
    for page in pages() {
        for words in blocks(&page, "sh").iter().flat_map(|block| commands(block)) {
            let count = if GROUPS.contains(&words[0].as_str()) { 2 } else { 1 };
            // `mcp` is a command by itself too.
            let named = words.iter().take(count).map(String::as_str);
            let command: Vec<_> = named.take_while(|word| !word.starts_with('-')).collect();
            let help = helps.entry(command.join(" ")).or_insert_with(|| {
                let answer = place.call(&[&command[..], &["--help"]].concat());
                assert_eq!(answer.exit, Some(0), "{page}: there is no command \"{}\"", command.join(" "));
                answer.stdout
            });
            for option in words.iter().filter(|word| word.starts_with("--")) {
                assert!(help.contains(option.as_str()), "{page}: \"{}\" has no {option}", command.join(" "));
            }
        }
    }
    assert!(helps.len() > 10, "few commands were found: {helps:?}");
}

/// A shell takes `$2` for an argument of its own, which is empty: a budget of `money=$2` was one of `money=`.
#[test]
fn amounts_of_money_in_commands_are_quoted_from_the_shell() {
    let of_pages = pages().iter().flat_map(|page| blocks(page, "sh")).collect::<Vec<_>>();
    let of_helps = files("host/cli/src/commands", ".rs").iter().map(|path| read(path)).collect::<Vec<_>>();
    let lines = of_pages.iter().chain(&of_helps).flat_map(|text| text.lines());
    for line in lines.filter(|line| line.contains("stockade ")) {
        let outside: String = line.split('\'').step_by(2).collect();
        let is_taken = outside.split('$').skip(1).any(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
        assert!(!is_taken, "a shell makes another command of: {line}");
    }
}

/// Files that the commands and the text name; what a reader makes stands in no such folder.
#[test]
fn paths_of_the_documents_exist() {
    let is_path = |word: &&str| {
        ["bench/", "host/", "tests/", "examples/", "guest-tools/", "docs/", "packages/", "wit/", ".ci/"]
            .iter()
            .any(|at| word.starts_with(at))
    };
    for page in pages() {
        let text = read(&page);
        let words = text.split(|c: char| c.is_whitespace() || "`'\"()[]{},;".contains(c)).filter(is_path);
        for word in words.map(|word| word.trim_end_matches(['.', ':'])) {
            let beside = root().join(&page).parent().map(Path::to_owned).unwrap_or_default().join(word);
            assert!(root().join(word).exists() || beside.exists(), "{page} names {word}, which is not there");
        }
    }
}
