//! What statements take: parameters made from what is at hand.

/// A parameter of a statement.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Blob(&'a [u8]),
}

impl From<i64> for Value<'_> {
    fn from(n: i64) -> Self {
        Value::Int(n)
    }
}
impl From<u32> for Value<'_> {
    fn from(n: u32) -> Self {
        Value::Int(i64::from(n))
    }
}
impl From<bool> for Value<'_> {
    fn from(b: bool) -> Self {
        Value::Int(i64::from(b))
    }
}
impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}
impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}
impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Value::Blob(bytes)
    }
}
impl<'a> From<&'a Vec<u8>> for Value<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Value::Blob(bytes)
    }
}
impl<'a, const N: usize> From<&'a [u8; N]> for Value<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Value::Blob(bytes)
    }
}
macro_rules! id_values {
    ($($id:ident),*) => {$(
        impl<'a> From<&'a trial::ids::$id> for Value<'a> {
            fn from(id: &'a trial::ids::$id) -> Self {
                Value::Blob(trial::ids::Id::bytes(id))
            }
        }
    )*};
}
id_values!(
    AccessRequestId,
    AgreementId,
    CourseId,
    ClientId,
    DelegationId,
    FormId,
    GrantId,
    GroupId,
    ImportId,
    KeyId,
    LedgerId,
    OrganizationId,
    PasskeyId,
    PersonId,
    RequestId,
    RoleId,
    SecurityEventId,
    SessionId,
    SignatureId,
    SiteId,
    StudyId,
    SubjectId,
    TrainingId,
    VisitId
);
impl<'a, T> From<Option<T>> for Value<'a>
where
    T: Into<Value<'a>>,
{
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// A value that outlives its caller: what is to be written, or asked, later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Kept {
    Null,
    Int(i64),
    Text(Box<str>),
    Blob(Box<[u8]>),
}

impl From<&Value<'_>> for Kept {
    fn from(value: &Value<'_>) -> Self {
        match *value {
            Value::Null => Kept::Null,
            Value::Int(n) => Kept::Int(n),
            Value::Text(text) => Kept::Text(text.into()),
            Value::Blob(bytes) => Kept::Blob(bytes.into()),
        }
    }
}

impl Kept {
    pub(crate) fn value(&self) -> Value<'_> {
        match self {
            Kept::Null => Value::Null,
            Kept::Int(n) => Value::Int(*n),
            Kept::Text(text) => Value::Text(text),
            Kept::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

/// A question that an act will ask, told beforehand, so that those of a whole group are asked in one go. The answer is
/// dropped when something that it is about is written.
#[derive(Debug, Clone)]
pub(crate) struct Ahead {
    pub about: [u8; 16],
    pub sql: &'static str,
    pub values: Vec<Kept>,
}

impl Ahead {
    pub(crate) fn new(about: &[u8; 16], sql: &'static str, values: &[Value<'_>]) -> Self {
        Ahead { about: *about, sql, values: values.iter().map(Kept::from).collect() }
    }
}

/// Makes the parameters of a statement from what is at hand.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::backend::Value::from($value)),*] };
}
pub(crate) use values;
