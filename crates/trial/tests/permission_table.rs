//! `docs/permissions.txt` is what a reviewer reads: it is printed from the role table, and this test compares the two.
//! `PROBITY_BLESS=1 cargo test -p trial --test permission_table` writes it anew; the difference is then reviewed.

use std::{env, fmt::Write as _, fs, path::Path};

use trial::{permission::Permission, role::Role};

fn printed() -> Result<String, std::fmt::Error> {
    let mut text = String::from(
        "Who may do what, printed from crates/trial/src/role.rs. What is not listed is denied. The operator of the\n\
         machine and an assistant are no roles and have no line. A role holds where it was granted and below; one of the\n\
         organization reaches no study, but for giving roles and settings there. Organizations add roles of their own.\n",
    );
    for role in Role::BUILT_IN {
        let levels: Vec<&str> = role.levels().iter().map(|level| level.code()).collect();
        writeln!(text, "\n{} (granted at: {})", role.code(), levels.join(", "))?;
        for permission in role.permissions().each() {
            writeln!(text, "    {}", permission.code())?;
        }
        if !role.administers().is_empty() {
            let gives: Vec<_> = role.administers().iter().map(|role| role.code()).collect();
            writeln!(text, "    gives and ends: {}", gives.join(", "))?;
        }
    }
    writeln!(
        text,
        "\nheld by no role that Probity brings: decided by being at the door, at the console, or the owner of the account;"
    )?;
    writeln!(text, "item.blinded is held by an organization's own roles only")?;
    let unheld = |permission: &&Permission| !Role::BUILT_IN.iter().any(|role| role.permissions().hold(**permission));
    for permission in Permission::ALL.iter().filter(unheld) {
        writeln!(text, "    {}", permission.code())?;
    }
    Ok(text)
}

#[test]
fn the_reviewed_file_is_the_table() -> Result<(), Box<dyn std::error::Error>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/permissions.txt");
    let printed = printed()?;
    if env::var_os("PROBITY_BLESS").is_some() {
        fs::write(&file, &printed)?;
    }
    assert_eq!(
        fs::read_to_string(&file)?,
        printed,
        "docs/permissions.txt differs from the role table; see the head of this test"
    );
    Ok(())
}
