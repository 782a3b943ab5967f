//! Templates keep to the content security policy: no inline script or style, and nothing printed unescaped. A password is
//! hidden as it is typed, and programs that keep passwords may fill it in.

use super::tree::{Finding, Source, Tree};

/// What the scripts read of a form or of the document. A field or element of that name would stand in its place (DOM
/// clobbering).
const READ: &[&str] = &[
    "action",
    "addEventListener",
    "append",
    "body",
    "createElement",
    "createElementNS",
    "createTextNode",
    "createDocumentFragment",
    "dataset",
    "documentElement",
    "elements",
    "getAttribute",
    "getElementById",
    "hasAttribute",
    "location",
    "querySelector",
    "querySelectorAll",
    "reportValidity",
    "requestSubmit",
];
/// Names that a template prints whole. Those of items hold a bracket or a colon, the others are the program's own words.
const PRINTED: &[&str] = &["field.name", "field.unit_name()", "name", "key", "code"];

/// The page templates.
pub fn check(tree: &Tree) -> Vec<Finding> {
    tree.select(|path| path.ends_with(".html") && path.starts_with("crates/")).flat_map(check_file).collect()
}

fn check_file(file: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let lower = line.to_lowercase();
        for (at, _) in lower.match_indices("<script") {
            let tag = lower.get(at..).and_then(|rest| rest.split('>').next()).unwrap_or_default();
            if !tag.contains("src=") {
                findings.push(file.finding(number, "an inline script: the policy refuses it"));
            }
        }
        for (sign, says) in [
            ("<style", "an inline style sheet: the policy refuses it"),
            (" style=", "an inline style: the policy refuses it"),
            ("javascript:", "a script in an address"),
            ("|safe", "printed unescaped"),
            ("| safe", "printed unescaped"),
        ] {
            if lower.contains(sign) {
                findings.push(file.finding(number, says));
            }
        }
        if lower.split("<input").skip(1).any(hinders) {
            findings.push(
                file.finding(number, "a password: type=\"password\", autocomplete current-password or new-password"),
            );
        }
        for name in names(line).filter(|name| clobbers(name)) {
            findings.push(file.finding(number, format!("`{name}` may stand in the place of what a script reads")));
        }
        if has_handler(&lower) {
            findings.push(file.finding(number, "an inline event handler: the policy refuses it"));
        }
    }
    findings
}

/// The names and ids of the elements of a line.
fn names(line: &str) -> impl Iterator<Item = &str> {
    let of = |sign: &'static str| line.split(sign).skip(1).filter_map(|rest| rest.split('"').next());
    of(" name=\"").chain(of(" id=\""))
}

/// Whether a name is one that scripts read, or might be: printed whole, of something that is not known here.
fn clobbers(name: &str) -> bool {
    let whole = name.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let is_known = |printed: &str| PRINTED.contains(&printed.trim()) || printed.trim().ends_with(".id");
    READ.contains(&name) || whole.is_some_and(|printed| !printed.contains("}}") && !is_known(printed))
}

/// A field of a password that shows it, or keeps out the programs that remember it.
fn hinders(tag: &str) -> bool {
    let of = |name: &str| {
        let (_, rest) = tag.split('>').next().unwrap_or_default().split_once(&format!(" {name}=\""))?;
        rest.split('"').next()
    };
    let is_hidden = of("type") == Some("password");
    let is_filled = matches!(of("autocomplete"), Some("current-password" | "new-password"));
    let is_one = is_hidden || is_filled || of("name").is_some_and(|name| name.ends_with("password"));
    is_one && !(is_hidden && is_filled)
}

/// ` onclick="`, and the like: a space, `on`, letters, `=`.
fn has_handler(line: &str) -> bool {
    line.match_indices(" on").any(|(at, _)| {
        let rest = line.get(at + 3..).unwrap_or_default();
        let letters = rest.chars().take_while(char::is_ascii_lowercase).count();
        letters > 2 && rest.get(letters..).is_some_and(|after| after.starts_with("=\"") || after.starts_with("='"))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::sample;
    use super::*;

    fn in_template(text: &str) -> usize {
        check(&sample("crates/web/templates/a.html", text)).len()
    }

    #[test]
    fn inline_script_style_handlers_and_raw_output_are_found() {
        for bad in [
            "<script>go()</script>",
            "<style>a{}</style>",
            "<p style=\"color:red\">",
            "<a onclick=\"go()\">",
            "<a href=\"javascript:go()\">",
            "{{ text|safe }}",
        ] {
            assert_eq!(in_template(bad), 1, "{bad}");
        }
    }

    #[test]
    fn a_name_that_would_stand_before_what_scripts_read_is_found() {
        for bad in [
            "<input name=\"dataset\">",
            "<form id=\"requestSubmit\">",
            "<input name=\"{{ subject.code }}\">",
            "<button name=\"action\" value=\"save\">",
        ] {
            assert_eq!(in_template(bad), 1, "{bad}");
        }
        for good in [
            "<input id=\"{{ field.id }}\" name=\"{{ field.name }}\">",
            "<input name=\"why.{{ code }}\">",
            "<a id=\"act\">",
        ] {
            assert_eq!(in_template(good), 0, "{good}");
        }
    }

    #[test]
    fn scripts_of_our_own_and_prose_are_left_alone() {
        assert_eq!(in_template("<script src=\"/assets/probity.js\" defer></script>"), 0);
        assert_eq!(in_template("<p>signed on monday = fine</p>"), 0);
    }

    #[test]
    fn a_password_is_hidden_as_it_is_typed_and_filled_in_by_programs() {
        let field = |rest: &str| in_template(&format!("<input id=\"password\"{rest} required>"));
        assert_eq!(field(" name=\"password\" type=\"password\" autocomplete=\"new-password\""), 0);
        assert_eq!(field(" name=\"code\" autocomplete=\"one-time-code\""), 0);
        for bad in [
            " name=\"password\"",
            " name=\"new_password\" type=\"text\" autocomplete=\"new-password\"",
            " name=\"old\" autocomplete=\"current-password\"",
            " name=\"old\" type=\"password\"",
            " name=\"password\" type=\"password\" autocomplete=\"off\"",
        ] {
            assert_eq!(field(bad), 1, "{bad}");
        }
        assert_eq!(in_template("<input type=\"password\" autocomplete=\"new-password\" onpaste=\"no()\">"), 1);
    }
}
