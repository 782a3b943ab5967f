//! How people prove themselves, and what befell their accounts.

use serde::Serialize;
use utoipa::ToSchema;

/// What somebody shows to prove that it is them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Factor {
    /// A password.
    Password,
    /// A sign-in at the organization's OpenID provider.
    Provider,
    /// A time-based code.
    Code,
    /// A recovery code.
    RecoveryCode,
    /// A passkey.
    Passkey,
}

/// A passkey as its owner sees it.
#[derive(Serialize, ToSchema)]
pub struct Passkey {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// As its owner calls it.
    pub name: String,
    /// When it was added.
    #[schema(format = DateTime)]
    pub added: String,
    /// When it was last used, where that is known.
    #[schema(required, format = DateTime)]
    pub used: Option<String>,
    /// Whether its device keeps copies of it elsewhere.
    pub copied: bool,
    /// The credential id, in base64url.
    pub credential: String,
}

/// What can befall an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Befell {
    /// Somebody signed in.
    SignedIn,
    /// A sign-in was refused.
    SignInRefused,
    /// Somebody signed in confirmed that it is them.
    Confirmed,
    /// Password and factors were set with an enrolment link.
    Enrolled,
    /// An administrator made a new enrolment link.
    EnrolmentRenewed,
    /// Another administrator released that link: with it and a code, everything is set anew.
    EnrolmentReleased,
    /// An administrator asked for a new password.
    NewPasswordRequired,
    /// The password was changed.
    PasswordChanged,
    /// Codes of an authenticator app were set.
    CodeSet,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// An account at the OpenID provider was linked.
    ProviderLinked,
    /// That link was ended.
    ProviderUnlinked,
    /// New recovery codes were made.
    RecoveryCodesMade,
    /// Sessions were ended.
    SessionsEnded,
    /// A program or a device was registered that works in one's name.
    ClientRegistered,
    /// An administrator ended one.
    ClientEnded,
    /// A role was given or ended, and the sessions with it.
    GrantChanged,
    /// An administrator recorded that the person's identity was checked.
    IdentityChecked,
}

/// A way to make sure who somebody is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IdentityWay {
    /// Seen in person, with an official document.
    InPerson,
    /// Seen by video, with an official document.
    Video,
    /// Confirmed by the personnel office of the employer.
    Employer,
}

/// A check of somebody's identity.
#[derive(Serialize, ToSchema)]
pub struct IdentityCheck {
    /// When it was recorded.
    #[schema(format = DateTime)]
    pub at: String,
    /// By whom, by name.
    pub by: String,
    /// How.
    pub way: IdentityWay,
    /// What was said beside that.
    #[schema(required)]
    pub note: Option<String>,
}

/// One thing that befell one's account.
#[derive(Serialize, ToSchema)]
pub struct SecurityEvent {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// What.
    pub event: Befell,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// What was shown, where it is a sign-in or a confirmation.
    pub factors: Vec<Factor>,
    /// From what kind of browser, where that is known.
    #[schema(required)]
    pub client: Option<String>,
    /// Whether one is still told of it.
    pub unread: bool,
}

/// The OpenID provider by whose sign-in people may sign in.
#[derive(Serialize, ToSchema)]
pub struct ProviderShown {
    /// What people call it.
    pub name: String,
    /// Its issuer identifier.
    pub issuer: String,
    /// How it knows this server.
    pub client_id: String,
    /// How many people have linked an account.
    pub linked: u64,
}

/// The OpenID provider by whose sign-in one may sign in oneself.
#[derive(Serialize, ToSchema)]
pub struct MyProvider {
    /// What people call it.
    pub name: String,
    /// Since when one's account there is linked; `null`: it is not.
    #[schema(required, format = DateTime)]
    pub linked: Option<String>,
}
