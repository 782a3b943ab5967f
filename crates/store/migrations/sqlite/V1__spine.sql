-- Four sorts of tables, named in docs/columns.toml:
--   the ledger (ledger, entry, tile, checkpoint) and the records: they only grow;
--   keys: outside the ledger, because destroying one is how a person is erased;
--   derived: the current state, made from records alone and rebuilt from them;
--   operational: sessions and throttles, lost in a rebuild without loss.

-- ---------------------------------------------------------------- ledger

CREATE TABLE ledger (
    number INTEGER PRIMARY KEY,          -- 1 is the organization's
    id     BLOB NOT NULL UNIQUE,
    study  BLOB UNIQUE,                  -- null: the organization's
    origin TEXT NOT NULL UNIQUE          -- C2SP tlog-checkpoint origin
);

CREATE TABLE entry (
    ledger INTEGER NOT NULL REFERENCES ledger (number),
    idx    INTEGER NOT NULL,
    leaf   BLOB NOT NULL,                -- RFC 6962 leaf hash
    bytes  BLOB NOT NULL,
    PRIMARY KEY (ledger, idx)
);

CREATE TABLE tile (
    ledger INTEGER NOT NULL REFERENCES ledger (number),
    level  INTEGER NOT NULL,
    idx    INTEGER NOT NULL,
    hashes BLOB NOT NULL,                -- 256 hashes; only whole tiles are stored
    root   BLOB NOT NULL,                -- over them
    PRIMARY KEY (ledger, level, idx)
);

CREATE TABLE checkpoint (
    ledger INTEGER NOT NULL REFERENCES ledger (number),
    size   INTEGER NOT NULL,
    note   BLOB NOT NULL,                -- C2SP signed note
    PRIMARY KEY (ledger, size)
);

CREATE TABLE record (
    kind    TEXT NOT NULL,
    key     BLOB NOT NULL,
    version INTEGER NOT NULL,
    ledger  INTEGER NOT NULL,
    entry   INTEGER NOT NULL,
    sealed  BLOB NOT NULL,
    PRIMARY KEY (key, kind, version),    -- keys are made in the order of time: new ones stand together
    FOREIGN KEY (ledger, entry) REFERENCES entry (ledger, idx) DEFERRABLE INITIALLY DEFERRED
);

-- ---------------------------------------------------------------- keys

CREATE TABLE wrapped_key (
    id      BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,               -- study, subject, person, secret
    wrapper BLOB,                        -- null: the organization key
    wrapped BLOB                         -- null: destroyed
);

-- ---------------------------------------------------------------- derived

CREATE TABLE request (
    id     BLOB PRIMARY KEY,
    ledger INTEGER NOT NULL,
    entry  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE person (
    id            BLOB PRIMARY KEY,
    sign_in_tag   BLOB NOT NULL UNIQUE,  -- keyed hash: found without being readable
    active        INTEGER NOT NULL,
    enrolled      INTEGER NOT NULL,
    code          INTEGER NOT NULL,      -- whether codes of an authenticator app are set
    second_factor INTEGER NOT NULL,      -- whether those or a passkey are
    enrolment_tag BLOB UNIQUE,           -- hash of the one-time enrolment token
    enrolment_end INTEGER,               -- microseconds since 1970
    provider_tag  BLOB UNIQUE,           -- keyed hash of who they are at an OpenID provider
    version       INTEGER NOT NULL,
    credential    INTEGER NOT NULL,      -- version of the credential record, 0: none
    key           BLOB NOT NULL,
    secret_key    BLOB NOT NULL
);

CREATE TABLE passkey (
    id      BLOB PRIMARY KEY,
    person  BLOB NOT NULL,
    tag     BLOB NOT NULL UNIQUE,        -- keyed hash of the credential id
    version INTEGER NOT NULL
);
CREATE INDEX passkey_person ON passkey (person);

CREATE TABLE security_event (
    id      BLOB PRIMARY KEY,
    person  BLOB NOT NULL,
    at      INTEGER NOT NULL,            -- microseconds since 1970
    shown   INTEGER NOT NULL,             -- 1: its person showed who they are
    unread  INTEGER NOT NULL,            -- whether its person is still to be told
    version INTEGER NOT NULL
);
CREATE INDEX security_event_person ON security_event (person, at);

CREATE TABLE role_grant (
    id        BLOB PRIMARY KEY,
    person    BLOB NOT NULL,
    role      TEXT NOT NULL,
    study     BLOB,
    country   TEXT,
    site      BLOB,
    starts    INTEGER NOT NULL,          -- microseconds since 1970
    ends      INTEGER,
    exception TEXT,                      -- approved, emergency; null: given in the usual way
    given_by  BLOB,                      -- null: the operator, at the founding
    through   BLOB,                      -- the giver's grant, by whose power
    reviewed  INTEGER NOT NULL,          -- when somebody last said that it is needed
    version   INTEGER NOT NULL
);
CREATE INDEX role_grant_person ON role_grant (person);

CREATE TABLE own_role (
    id      BLOB NOT NULL,
    version INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (id, version)
);

CREATE TABLE policy_layer (
    id      BLOB PRIMARY KEY,            -- of the organization, study or site
    version INTEGER NOT NULL
);

CREATE TABLE agreement (
    id      BLOB PRIMARY KEY,
    kind    TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL
);

CREATE TABLE agreement_signed (
    id        BLOB PRIMARY KEY,
    person    BLOB NOT NULL,
    agreement BLOB NOT NULL,
    signed    INTEGER NOT NULL,          -- which version
    at        INTEGER NOT NULL
);
CREATE INDEX agreement_signed_person ON agreement_signed (person);

CREATE TABLE course (
    id      BLOB PRIMARY KEY,
    version INTEGER NOT NULL
);

CREATE TABLE training (
    id        BLOB PRIMARY KEY,
    person    BLOB NOT NULL,
    course    BLOB NOT NULL,
    completed INTEGER NOT NULL
);
CREATE INDEX training_person ON training (person);

CREATE TABLE delegation (
    id      BLOB PRIMARY KEY,
    site    BLOB NOT NULL,
    person  BLOB NOT NULL,
    starts  INTEGER NOT NULL,
    ends    INTEGER,
    version INTEGER NOT NULL
);
CREATE INDEX delegation_person ON delegation (person);
CREATE INDEX delegation_site ON delegation (site);

CREATE TABLE client (
    id          BLOB PRIMARY KEY,
    person      BLOB NOT NULL,
    tag         BLOB NOT NULL UNIQUE,    -- SHA-256 of the token
    permissions TEXT NOT NULL,           -- codes, a space between them
    study       BLOB,
    site        BLOB,
    certificate BLOB,
    starts      INTEGER NOT NULL,
    ends        INTEGER NOT NULL,
    proved      TEXT NOT NULL,           -- the factor that its person had shown
    ended       INTEGER NOT NULL,
    version     INTEGER NOT NULL
);
CREATE INDEX client_person ON client (person);

CREATE TABLE access_request (
    id        BLOB PRIMARY KEY,
    person    BLOB NOT NULL,
    study     BLOB,
    country   TEXT,
    site      BLOB,
    state     TEXT NOT NULL,             -- asked, refused, open, ended, reviewed
    emergency INTEGER NOT NULL,
    role_grant BLOB,
    asked     INTEGER NOT NULL,
    version   INTEGER NOT NULL
);

CREATE TABLE study (
    id         BLOB PRIMARY KEY,
    ledger     INTEGER NOT NULL,
    oid        TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    version    INTEGER NOT NULL,
    definition INTEGER NOT NULL,         -- version of the definition record, 0: none published
    key        BLOB NOT NULL,
    live       INTEGER NOT NULL           -- 1: released under rules that were chosen
);

CREATE TABLE site (
    id      BLOB PRIMARY KEY,
    study   BLOB NOT NULL,
    oid     TEXT NOT NULL,
    name    TEXT NOT NULL,
    country TEXT,
    version INTEGER NOT NULL,
    UNIQUE (study, oid)
);

CREATE TABLE subject (
    id       BLOB PRIMARY KEY,
    study    BLOB NOT NULL,
    site     BLOB NOT NULL,
    code     TEXT,                       -- null: erased
    status   TEXT NOT NULL,              -- active, erased
    added    INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    key      BLOB NOT NULL,
    UNIQUE (study, code)
);
CREATE INDEX subject_site ON subject (study, site, status); -- all that counting needs

-- A save changes these three. Each is one tree, laid as it is read; what hangs on an id made in the order of time stands
-- together with what else is entered that day, so that a group of acts writes few pages.
CREATE TABLE visit (
    id        BLOB NOT NULL,
    subject   BLOB NOT NULL,
    event_oid TEXT NOT NULL,
    repeat    TEXT NOT NULL,             -- empty where the file or event has none
    version   INTEGER NOT NULL,
    PRIMARY KEY (subject, event_oid, repeat)
) WITHOUT ROWID;

CREATE TABLE form (
    id       BLOB NOT NULL UNIQUE,
    visit    BLOB NOT NULL,
    subject  BLOB NOT NULL,
    form_oid TEXT NOT NULL,
    repeat   TEXT NOT NULL,
    state    TEXT NOT NULL,
    version  INTEGER NOT NULL,           -- of the form record
    revision INTEGER NOT NULL,           -- grows with every record of the form and its groups
    changed  INTEGER NOT NULL,           -- microseconds since 1970
    PRIMARY KEY (visit, form_oid, repeat)
) WITHOUT ROWID;

CREATE TABLE item_group (
    id        BLOB NOT NULL,
    form      BLOB NOT NULL,
    group_oid TEXT NOT NULL,
    repeat    TEXT NOT NULL,
    version   INTEGER NOT NULL,
    removed   INTEGER NOT NULL,
    PRIMARY KEY (form, group_oid, repeat)
) WITHOUT ROWID;

CREATE TABLE import (
    id      BLOB PRIMARY KEY,
    study   BLOB NOT NULL,
    person  BLOB NOT NULL,
    digest  BLOB NOT NULL,               -- SHA-256 of the file
    state   TEXT NOT NULL,               -- open, complete
    opened  INTEGER NOT NULL,
    version INTEGER NOT NULL
);
CREATE INDEX import_person ON import (person, opened);

-- ---------------------------------------------------------------- operational

CREATE TABLE session (
    id     BLOB PRIMARY KEY,
    person BLOB NOT NULL,
    tag    BLOB NOT NULL UNIQUE,         -- SHA-256 of the token
    opened INTEGER NOT NULL,
    seen   INTEGER NOT NULL,
    ended  INTEGER,
    client TEXT,                         -- kind of browser, in words
    -- When each factor was last shown in it.
    password_shown INTEGER,
    code_shown     INTEGER,
    recovery_shown INTEGER,
    passkey_shown  INTEGER
);

CREATE TABLE throttle (
    tag      BLOB PRIMARY KEY,           -- keyed hash of the sign-in name or source
    failures INTEGER NOT NULL,
    until    INTEGER NOT NULL            -- microseconds since 1970
);

CREATE TABLE code_step (
    person BLOB PRIMARY KEY,
    step   INTEGER NOT NULL              -- RFC 6238 time step last used
);

CREATE TABLE passkey_use (
    passkey BLOB PRIMARY KEY,
    counter INTEGER NOT NULL,            -- as the authenticator last told it (WebAuthn 6.1.1)
    used    INTEGER NOT NULL             -- microseconds since 1970
);

CREATE TABLE client_use (
    client BLOB PRIMARY KEY,
    used   INTEGER NOT NULL              -- microseconds since 1970
);

-- The one row that every writer takes before it writes, where there may be several; here there is one.
CREATE TABLE turn (
    count  INTEGER NOT NULL,
    forget INTEGER NOT NULL,             -- grows when what others remember of sessions and keys may be wrong
    rules  INTEGER NOT NULL              -- grows with every change of who may do what
);
INSERT INTO turn (count, forget, rules) VALUES (0, 0, 0);

-- ---------------------------------------------------------------- append only, held by the database too

CREATE TRIGGER ledger_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger is append only'); END;
CREATE TRIGGER ledger_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger is append only'); END;
CREATE TRIGGER entry_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append only'); END;
CREATE TRIGGER entry_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append only'); END;
CREATE TRIGGER tile_update BEFORE UPDATE ON tile BEGIN SELECT RAISE(ABORT, 'tile is append only'); END;
CREATE TRIGGER tile_delete BEFORE DELETE ON tile BEGIN SELECT RAISE(ABORT, 'tile is append only'); END;
CREATE TRIGGER checkpoint_update BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append only'); END;
CREATE TRIGGER checkpoint_delete BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append only'); END;
CREATE TRIGGER record_update BEFORE UPDATE ON record BEGIN SELECT RAISE(ABORT, 'record is append only'); END;
CREATE TRIGGER record_delete BEFORE DELETE ON record BEGIN SELECT RAISE(ABORT, 'record is append only'); END;
