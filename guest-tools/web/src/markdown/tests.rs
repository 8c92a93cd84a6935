use super::*;

fn read(html: &str) -> String {
    markdown(html, Some(&Url::parse("https://a.example/b/c").unwrap()), 1 << 20).text
}

#[test]
fn a_page_is_read_as_it_is_seen() {
    let html = "<html><head><title>A &amp;\n B</title><style>p {}</style></head><body><script>x</script>\
                <h1>Lamps  &mdash; new</h1><p>One <b>red</b>, one <i>blue</i>, <code>f(*x)</code>.<br>Second line.\
                <ul><li>one<li>two<ul><li>deep</ul><li><p>three</p></ul><ol start=3><li>c</li><li>d</li></ol>\
                <blockquote><p>said<p>twice</blockquote>end";
    let page = markdown(html, None, 1 << 20);
    assert_eq!(page.title.as_deref(), Some("A & B"));
    assert_eq!(
        page.text,
        "# Lamps — new\n\nOne **red**, one *blue*, `f(*x)`.\nSecond line.\n\n- one\n- two\n  - deep\n- three\n\n\
         3. c\n4. d\n\n> said\n>\n> twice\n\nend"
    );
    assert!(!page.is_truncated);
}

#[test]
fn links_lead_somewhere() {
    let html =
        "<a href='/l?a=1&amp;b=(2)'>a <b>lamp</b></a>, <a href=javascript:x()>none</a> <a href=d></a><a href=e>e";
    assert_eq!(read(html), "[a **lamp**](https://a.example/l?a=1&b=%282%29), none [e](https://a.example/b/e)");
    let base = Url::parse("https://a.example/").unwrap();
    let links = links_only("<a href=x>one</a><a href=x#y>two</a><a href=z> th \n ree</a>", &base);
    let expected = [("one", "https://a.example/x"), ("th ree", "https://a.example/z")];
    assert_eq!(links, expected.map(|(text, url)| (text.to_owned(), url.to_owned())));
}

#[test]
fn tables_and_code_keep_their_form() {
    let html = "<table><tr><th>a<th>b|c</tr><tr><td>1</td><td><p>2</p><p>3</p></td></tr></table>x";
    assert_eq!(read(html), "| a | b\\|c |\n|---|---|\n| 1 | 2 3 |\n\nx");
    assert_eq!(read("y<pre>\na  <u>\n  ``` &lt;</pre>z"), "y\n\n```\na  \n  `` ` <\n```\n\nz");
}

#[test]
fn what_is_not_seen_is_left_out() {
    let html = "a<div hidden>b<div>c</div></div>d<div style='color: red; display : none'><div>e</div></div>f\u{200b}\u{202e}g\
                &#x200b;&shy;h<template>i</template><svg><title>t</title></svg><!-- j";
    assert_eq!(read(html), "adfgh");
    assert_eq!(read("<ul><li hidden>a<li>b</ul>"), "- b");
}

#[test]
fn marks_of_a_text_are_no_marks_of_ours() {
    assert_eq!(read("*a* [b](c) <d &lt;e> `f`"), "\\*a\\* \\[b\\](c) 'f'");
    assert_eq!(read("1 &lt; 2 `x`"), "1 \\< 2 'x'");
}

#[test]
fn a_page_made_to_do_harm_is_read_in_one_pass() {
    let n = 100_000;
    for html in [
        "<div>".repeat(n) + "x",
        "<ul><li>".repeat(n) + "x",
        "<blockquote>".repeat(n) + "x",
        "<b><i>".repeat(n) + "x" + &"</b>".repeat(n),
        "<a href=x>".repeat(n) + "x",
        "<table><tr><td>".repeat(n) + "x",
        "<pre>".repeat(n) + "x" + &"</pre>".repeat(n),
        "</div>".repeat(n) + "x",
        "<!--".repeat(n),
        "<script>".to_owned() + &"</scrip".repeat(n),
        "<p ".to_owned() + &"a=b ".repeat(n) + ">x",
        "<p title=\"".to_owned() + &"y".repeat(n) + "\">x",
        "<p title=\"".to_owned() + &"<p title='".repeat(n),
        "&amp".repeat(n),
        "<".repeat(n) + "x",
        "<p hidden>".repeat(n) + "x",
    ] {
        let page = markdown(&html, None, 50_000);
        assert!(page.text.len() <= 50_000, "{}", &html[..20]);
    }
    let long = markdown(&"ä".repeat(n), None, 1001);
    assert_eq!((long.text.len(), long.is_truncated), (1000, true));
}
