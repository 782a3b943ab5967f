-- The tables of migrations/sqlite, column by column, for PostgreSQL; what each column holds is said there and in
-- docs/columns.toml. One schema for each organization. Texts compare by their bytes, as in the other.

-- ---------------------------------------------------------------- ledger
-- That an entry's ledger is there, the act that appends it has seen: it is not asked again for each row.

CREATE TABLE ledger (
    number BIGINT PRIMARY KEY,
    id     BYTEA NOT NULL UNIQUE,
    study  BYTEA UNIQUE,
    origin TEXT COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE entry (
    ledger BIGINT NOT NULL,
    idx    BIGINT NOT NULL,
    leaf   BYTEA NOT NULL,
    bytes  BYTEA NOT NULL,
    PRIMARY KEY (ledger, idx)
);

CREATE TABLE tile (
    ledger BIGINT NOT NULL,
    level  BIGINT NOT NULL,
    idx    BIGINT NOT NULL,
    hashes BYTEA NOT NULL,
    root   BYTEA NOT NULL,
    PRIMARY KEY (ledger, level, idx)
);

CREATE TABLE checkpoint (
    ledger BIGINT NOT NULL,
    size   BIGINT NOT NULL,
    note   BYTEA NOT NULL,
    PRIMARY KEY (ledger, size)
);

CREATE TABLE record (
    kind    TEXT COLLATE "C" NOT NULL,
    key     BYTEA NOT NULL,
    version BIGINT NOT NULL,
    ledger  BIGINT NOT NULL,
    entry   BIGINT NOT NULL,
    sealed  BYTEA NOT NULL,
    PRIMARY KEY (key, kind, version),
    FOREIGN KEY (ledger, entry) REFERENCES entry (ledger, idx) DEFERRABLE INITIALLY DEFERRED
);

-- What is sealed does not compress.
ALTER TABLE record ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- ---------------------------------------------------------------- keys

CREATE TABLE wrapped_key (
    id      BYTEA PRIMARY KEY,
    purpose TEXT COLLATE "C" NOT NULL,
    wrapper BYTEA,
    wrapped BYTEA
);

-- A key that was destroyed is to be gone from the table's file too, soon.
ALTER TABLE wrapped_key SET (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

-- ---------------------------------------------------------------- derived

CREATE TABLE request (
    id     BYTEA PRIMARY KEY,
    ledger BIGINT NOT NULL,
    entry  BIGINT NOT NULL
);

CREATE TABLE person (
    id            BYTEA PRIMARY KEY,
    sign_in_tag   BYTEA NOT NULL UNIQUE,
    active        BIGINT NOT NULL,
    enrolled      BIGINT NOT NULL,
    code          BIGINT NOT NULL,
    second_factor BIGINT NOT NULL,
    enrolment_tag BYTEA UNIQUE,
    enrolment_end BIGINT,
    provider_tag  BYTEA UNIQUE,
    version       BIGINT NOT NULL,
    credential    BIGINT NOT NULL,
    key           BYTEA NOT NULL,
    secret_key    BYTEA NOT NULL
);

CREATE TABLE passkey (
    id      BYTEA PRIMARY KEY,
    person  BYTEA NOT NULL,
    tag     BYTEA NOT NULL UNIQUE,
    version BIGINT NOT NULL
);
CREATE INDEX passkey_person ON passkey (person);

CREATE TABLE security_event (
    id      BYTEA PRIMARY KEY,
    person  BYTEA NOT NULL,
    at      BIGINT NOT NULL,
    shown   BIGINT NOT NULL,
    unread  BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX security_event_person ON security_event (person, at);

CREATE TABLE role_grant (
    id        BYTEA PRIMARY KEY,
    person    BYTEA NOT NULL,
    role      TEXT COLLATE "C" NOT NULL,
    study     BYTEA,
    country   TEXT COLLATE "C",
    site      BYTEA,
    starts    BIGINT NOT NULL,
    ends      BIGINT,
    exception TEXT COLLATE "C",
    given_by  BYTEA,
    through   BYTEA,
    reviewed  BIGINT NOT NULL,
    version   BIGINT NOT NULL
);
CREATE INDEX role_grant_person ON role_grant (person);

CREATE TABLE own_role (
    id      BYTEA NOT NULL,
    version BIGINT NOT NULL,
    since   BIGINT NOT NULL,
    PRIMARY KEY (id, version)
);

CREATE TABLE policy_layer (
    id      BYTEA PRIMARY KEY,
    version BIGINT NOT NULL
);

CREATE TABLE agreement (
    id      BYTEA PRIMARY KEY,
    kind    TEXT COLLATE "C" NOT NULL UNIQUE,
    version BIGINT NOT NULL
);

CREATE TABLE agreement_signed (
    id        BYTEA PRIMARY KEY,
    person    BYTEA NOT NULL,
    agreement BYTEA NOT NULL,
    signed    BIGINT NOT NULL,
    at        BIGINT NOT NULL
);
CREATE INDEX agreement_signed_person ON agreement_signed (person);

CREATE TABLE course (
    id      BYTEA PRIMARY KEY,
    version BIGINT NOT NULL
);

CREATE TABLE training (
    id        BYTEA PRIMARY KEY,
    person    BYTEA NOT NULL,
    course    BYTEA NOT NULL,
    completed BIGINT NOT NULL
);
CREATE INDEX training_person ON training (person);

CREATE TABLE delegation (
    id      BYTEA PRIMARY KEY,
    site    BYTEA NOT NULL,
    person  BYTEA NOT NULL,
    starts  BIGINT NOT NULL,
    ends    BIGINT,
    version BIGINT NOT NULL
);
CREATE INDEX delegation_person ON delegation (person);
CREATE INDEX delegation_site ON delegation (site);

CREATE TABLE client (
    id          BYTEA PRIMARY KEY,
    person      BYTEA NOT NULL,
    tag         BYTEA NOT NULL UNIQUE,
    permissions TEXT COLLATE "C" NOT NULL,
    study       BYTEA,
    site        BYTEA,
    certificate BYTEA,
    starts      BIGINT NOT NULL,
    ends        BIGINT NOT NULL,
    proved      TEXT COLLATE "C" NOT NULL,
    ended       BIGINT NOT NULL,
    version     BIGINT NOT NULL
);
CREATE INDEX client_person ON client (person);

CREATE TABLE access_request (
    id        BYTEA PRIMARY KEY,
    person    BYTEA NOT NULL,
    study     BYTEA,
    country   TEXT COLLATE "C",
    site      BYTEA,
    state     TEXT COLLATE "C" NOT NULL,
    emergency BIGINT NOT NULL,
    role_grant BYTEA,
    asked     BIGINT NOT NULL,
    version   BIGINT NOT NULL
);

CREATE TABLE study (
    id         BYTEA PRIMARY KEY,
    ledger     BIGINT NOT NULL,
    oid        TEXT COLLATE "C" NOT NULL UNIQUE,
    name       TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    definition BIGINT NOT NULL,
    key        BYTEA NOT NULL,
    live       BIGINT NOT NULL
);

CREATE TABLE site (
    id      BYTEA PRIMARY KEY,
    study   BYTEA NOT NULL,
    oid     TEXT COLLATE "C" NOT NULL,
    name    TEXT COLLATE "C" NOT NULL,
    country TEXT COLLATE "C",
    version BIGINT NOT NULL,
    UNIQUE (study, oid)
);

CREATE TABLE subject (
    id       BYTEA PRIMARY KEY,
    study    BYTEA NOT NULL,
    site     BYTEA NOT NULL,
    code     TEXT COLLATE "C",
    status   TEXT COLLATE "C" NOT NULL,
    added    BIGINT NOT NULL,
    version  BIGINT NOT NULL,
    key      BYTEA NOT NULL,
    UNIQUE (study, code)
);
CREATE INDEX subject_site ON subject (study, site, status);

-- A save changes these three: a page leaves room for the next version of its rows.
CREATE TABLE visit (
    id        BYTEA NOT NULL,
    subject   BYTEA NOT NULL,
    event_oid TEXT COLLATE "C" NOT NULL,
    repeat    TEXT COLLATE "C" NOT NULL,
    version   BIGINT NOT NULL,
    PRIMARY KEY (subject, event_oid, repeat)
) WITH (fillfactor = 70);

CREATE TABLE form (
    id       BYTEA NOT NULL UNIQUE,
    visit    BYTEA NOT NULL,
    subject  BYTEA NOT NULL,
    form_oid TEXT COLLATE "C" NOT NULL,
    repeat   TEXT COLLATE "C" NOT NULL,
    state    TEXT COLLATE "C" NOT NULL,
    version  BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    changed  BIGINT NOT NULL,
    PRIMARY KEY (visit, form_oid, repeat)
) WITH (fillfactor = 70);

CREATE TABLE item_group (
    id        BYTEA NOT NULL,
    form      BYTEA NOT NULL,
    group_oid TEXT COLLATE "C" NOT NULL,
    repeat    TEXT COLLATE "C" NOT NULL,
    version   BIGINT NOT NULL,
    removed   BIGINT NOT NULL,
    PRIMARY KEY (form, group_oid, repeat)
) WITH (fillfactor = 70);

CREATE TABLE import (
    id      BYTEA PRIMARY KEY,
    study   BYTEA NOT NULL,
    person  BYTEA NOT NULL,
    digest  BYTEA NOT NULL,
    state   TEXT COLLATE "C" NOT NULL,
    opened  BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX import_person ON import (person, opened);

-- ---------------------------------------------------------------- operational

CREATE TABLE session (
    id     BYTEA PRIMARY KEY,
    person BYTEA NOT NULL,
    tag    BYTEA NOT NULL UNIQUE,
    opened BIGINT NOT NULL,
    seen   BIGINT NOT NULL,
    ended  BIGINT,
    client TEXT COLLATE "C",
    password_shown BIGINT,
    code_shown     BIGINT,
    recovery_shown BIGINT,
    passkey_shown  BIGINT
);

CREATE TABLE throttle (
    tag      BYTEA PRIMARY KEY,
    failures BIGINT NOT NULL,
    until    BIGINT NOT NULL
);

CREATE TABLE code_step (
    person BYTEA PRIMARY KEY,
    step   BIGINT NOT NULL
);

CREATE TABLE passkey_use (
    passkey BYTEA PRIMARY KEY,
    counter BIGINT NOT NULL,
    used    BIGINT NOT NULL
);

CREATE TABLE client_use (
    client BYTEA PRIMARY KEY,
    used   BIGINT NOT NULL
);

-- The one row that every writer takes before it writes, so that ledgers stay linear with several processes.
CREATE TABLE turn (
    count  BIGINT NOT NULL,
    forget BIGINT NOT NULL,
    rules  BIGINT NOT NULL
) WITH (fillfactor = 10);
INSERT INTO turn (count, forget, rules) VALUES (0, 0, 0);

-- ---------------------------------------------------------------- append only, held by the database too

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append only', TG_TABLE_NAME; END $$;

CREATE TRIGGER ledger_change BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER ledger_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER entry_change BEFORE UPDATE OR DELETE ON entry FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER entry_truncate BEFORE TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER tile_change BEFORE UPDATE OR DELETE ON tile FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER tile_truncate BEFORE TRUNCATE ON tile FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER checkpoint_change BEFORE UPDATE OR DELETE ON checkpoint FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER checkpoint_truncate BEFORE TRUNCATE ON checkpoint FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER record_change BEFORE UPDATE OR DELETE ON record FOR EACH ROW EXECUTE FUNCTION append_only();
CREATE TRIGGER record_truncate BEFORE TRUNCATE ON record FOR EACH STATEMENT EXECUTE FUNCTION append_only();
