//! What PostgreSQL itself holds an organization to: its role can do nothing to another's data, nothing to what only grows
//! but add to it, and nothing to the tables themselves. Where the environment names no server, there is nothing to do.

use testbed::Database;

use crate::{
    past::hex,
    raw::{Raw, server_password},
    world::{World, first, founding},
};

/// Two organizations on one server, closed; the role of one of them.
struct Roles {
    world: World,
    own: String,
    password: String,
    other: String,
}

fn roles() -> Option<Roles> {
    let mut world = World::on_server()?;
    let place = world.add_study("S.VITALS");
    let ana = world.coordinator("ana", &place);
    world.subject(&ana, place.oslo, "OSL-001");
    drop(world.installation().found(founding("Other Trials", false), &first("other token")).unwrap());
    world.close();
    let raw = Raw::open(&world);
    let (own, password) = (format!("organization_{}", hex(&raw.organization)), hex(&raw.database_key));
    drop(raw);
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'organization_%'";
    let all = world.database.as_ref().unwrap().sql(schemas).unwrap();
    let other = all.lines().find(|schema| *schema != own).unwrap().to_owned();
    Some(Roles { world, own, password, other })
}

impl Roles {
    fn database(&self) -> &Database {
        self.world.database.as_ref().unwrap()
    }

    fn run(&self, statement: &str) -> Result<String, String> {
        self.database().sql_as(&self.own, &self.password, statement).map_err(|e| e.to_string())
    }

    /// Asserts that a statement is refused for lack of a right, in one of PostgreSQL's ways to say so.
    #[track_caller]
    fn assert_may_not(&self, statement: &str) {
        let told = self.run(statement).expect_err(statement);
        let denied = ["permission denied", "must be owner of", "must have admin option", "must be superuser"];
        assert!(denied.iter().any(|says| told.contains(says)), "{statement}: {told}");
    }

    fn tables(&self, schema: &str) -> Vec<String> {
        let listed = format!("SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'");
        self.database().sql(&listed).unwrap().lines().map(str::to_owned).collect()
    }
}

#[test]
fn an_organizations_role_reaches_nothing_of_another() {
    let Some(roles) = roles() else { return };
    assert_eq!(roles.run("SELECT current_user, current_schema()").unwrap(), format!("{0}|{0}", roles.own));
    let tables = roles.tables(&roles.other);
    assert!(tables.len() > 20, "{tables:?}");
    for table in tables {
        let their = format!("{}.{table}", roles.other);
        for statement in [
            format!("SELECT * FROM {their}"),
            format!("INSERT INTO {their} SELECT * FROM {table}"),
            format!("UPDATE {their} SET ctid = ctid"),
            format!("DELETE FROM {their}"),
            format!("TRUNCATE {their}"),
            format!("DROP TABLE {their}"),
            format!("BEGIN; LOCK TABLE {their}; COMMIT"),
            format!("COPY {their} TO STDOUT"),
        ] {
            roles.assert_may_not(&statement);
        }
    }
    for statement in [
        format!("SET ROLE {}", roles.other),
        format!("SET SESSION AUTHORIZATION {}", roles.other),
        format!("CREATE TABLE {}.mine (n int)", roles.other),
        format!("ALTER ROLE {} PASSWORD 'mine'", roles.other),
        format!("GRANT {} TO {}", roles.other, roles.own),
        "SELECT * FROM probity.organization".into(),
        "UPDATE probity.organization SET keys = ''".into(),
        "CREATE TEMPORARY TABLE mine (n int)".into(),
        "CREATE ROLE mine".into(),
        "CREATE DATABASE mine".into(),
        "CREATE SCHEMA mine".into(),
        "CREATE TABLE public.mine (n int)".into(),
        "SELECT * FROM pg_authid".into(),
        "SELECT pg_read_file('postgresql.conf')".into(),
        "COPY turn TO PROGRAM 'cat'".into(),
    ] {
        roles.assert_may_not(&statement);
    }
    let told = roles.database().sql_as(&roles.other, &roles.password, "SELECT 1").unwrap_err().to_string();
    assert!(told.contains("password authentication failed"), "{told}");
    roles.world.finish();
}

#[test]
fn an_organizations_role_only_adds_to_what_only_grows() {
    let Some(roles) = roles() else { return };
    for table in ["ledger", "entry", "tile", "checkpoint", "record"] {
        let column = if table == "ledger" { "number" } else { "ledger" };
        roles.run(&format!("SELECT * FROM {table}")).unwrap();
        for statement in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("TRUNCATE {table} CASCADE"),
            format!("DROP TABLE {table} CASCADE"),
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
            format!("ALTER TABLE {table} ADD COLUMN mine int"),
            format!("ALTER TABLE {table} OWNER TO {}", roles.own),
            format!("ALTER TABLE {table} RENAME TO mine"),
            format!("CREATE RULE mine AS ON INSERT TO {table} DO INSTEAD NOTHING"),
            format!("CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION append_only()"),
            format!("DROP TRIGGER {table}_change ON {table}"),
            format!("INSERT INTO {table} SELECT * FROM {table} LIMIT 1 ON CONFLICT DO NOTHING; DELETE FROM {table}"),
            format!("SELECT * FROM {table} FOR UPDATE"),
        ] {
            roles.assert_may_not(&statement);
        }
        // Whoever owns the database is stopped by the fences all the same.
        let told = roles.database().sql(&format!("TRUNCATE {}.{table} CASCADE", roles.own)).unwrap_err();
        assert!(told.to_string().contains("is append only"), "{table}: {told}");
    }
    for statement in [
        "DELETE FROM wrapped_key",
        "TRUNCATE wrapped_key",
        "DELETE FROM turn",
        "INSERT INTO turn VALUES (0, 0)",
        "DELETE FROM refinery_schema_history",
        "UPDATE refinery_schema_history SET version = 1",
        "CREATE TABLE mine (n int)",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
        "SET session_replication_role = replica",
    ] {
        roles.assert_may_not(statement);
    }
    roles.world.finish();
}

#[test]
fn a_record_that_an_organizations_role_adds_without_its_entry_is_not_kept() {
    let Some(roles) = roles() else { return };
    let insert = "INSERT INTO record (kind, key, version, ledger, entry, sealed) VALUES ('subject', '\\x00', 1, 2, 999, '\\x00')";
    assert_eq!(
        roles.run(&format!("BEGIN; {insert}; SELECT count(*) FROM record WHERE entry = 999; ROLLBACK")).unwrap(),
        "1"
    );
    let told = roles.run(&format!("BEGIN; {insert}; COMMIT")).unwrap_err();
    assert!(told.contains("violates foreign key constraint"), "{told}");
    assert_eq!(roles.run("SELECT count(*) FROM record WHERE entry = 999").unwrap(), "0");
    roles.world.finish();
}

#[test]
fn the_installations_own_role_reads_wrapped_keys_and_no_data() {
    let Some(roles) = roles() else { return };
    let place = std::fs::read_to_string(roles.world.folder().join("postgres.json")).unwrap();
    let place: serde_json::Value = serde_json::from_str(&place).unwrap();
    let (user, password) = (place["user"].as_str().unwrap(), server_password(roles.world.folder()));
    let run = |statement: &str| roles.database().sql_as(user, &password, statement).map_err(|e| e.to_string());
    assert_eq!(run("SELECT count(*) FROM probity.organization").unwrap(), "2");
    for statement in [
        format!("SELECT * FROM {}.entry", roles.own),
        format!("SET ROLE {}", roles.own),
        "DELETE FROM probity.organization".into(),
        "INSERT INTO probity.organization VALUES ('\\x00', '')".into(),
        "UPDATE probity.organization SET id = '\\x00'".into(),
        "DROP SCHEMA probity CASCADE".into(),
        "CREATE SCHEMA mine".into(),
    ] {
        let told = run(&statement).expect_err(&statement);
        assert!(told.contains("permission denied") || told.contains("must be owner"), "{statement}: {told}");
    }
    roles.world.finish();
}
