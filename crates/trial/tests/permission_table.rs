//! `docs/permissions.txt` is what a reviewer reads: it is printed from the role table, and this test compares the two.
//! `PROBITY_BLESS=1 cargo test -p trial --test permission_table` writes it anew; the difference is then reviewed.

use std::{env, fmt::Write as _, fs, path::Path};

use trial::{
    permission::Permission,
    role::{Level, Role, may},
};

fn printed() -> Result<String, std::fmt::Error> {
    let mut text = String::from(
        "Who may do what, printed from crates/trial/src/role.rs. What is not listed is denied. The operator of the\n\
         machine and an assistant are no roles and have no line. A role holds where it was granted and below.\n",
    );
    for role in Role::ALL {
        let levels: Vec<&str> = role.levels().iter().map(|level| name(*level)).collect();
        writeln!(text, "\n{} (granted at: {})", role.code(), levels.join(", "))?;
        for permission in Permission::ALL.iter().filter(|permission| may(*role, **permission)) {
            writeln!(text, "    {}", permission.code())?;
        }
    }
    text.push_str("\nheld by no role: decided by being at the door, at the console, or the owner of the account\n");
    let unheld = |permission: &&Permission| !Role::ALL.iter().any(|role| may(*role, **permission));
    for permission in Permission::ALL.iter().filter(unheld) {
        writeln!(text, "    {}", permission.code())?;
    }
    Ok(text)
}

fn name(level: Level) -> &'static str {
    match level {
        Level::Organization => "organization",
        Level::Study => "study",
        Level::Site => "site",
    }
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
