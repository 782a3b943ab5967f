//! What befell one's account, in words.

use store::{Factor, SecurityEvent, views::SecurityEventLine};

/// What happened, as the beginning of a sentence.
pub const fn said(event: &SecurityEvent) -> &'static str {
    match event {
        SecurityEvent::SignedIn => "Signed in",
        SecurityEvent::SignInRefused => "A sign-in was refused",
        SecurityEvent::Confirmed => "Confirmed that it is you",
        SecurityEvent::Enrolled => "The account was set up with an enrolment link",
        SecurityEvent::EnrolmentRenewed => "An administrator made a new enrolment link for your account",
        SecurityEvent::EnrolmentReleased => "A second administrator released the enrolment link for your account",
        SecurityEvent::NewPasswordRequired => "An administrator asked for a new password",
        SecurityEvent::PasswordChanged => "The password was changed",
        SecurityEvent::CodeSet => "An authenticator app was set up",
        SecurityEvent::PasskeyAdded => "A passkey was added",
        SecurityEvent::PasskeyRemoved => "A passkey was removed",
        SecurityEvent::ProviderLinked => {
            "Your account at your organization’s provider was linked: a sign-in there stands for your password"
        }
        SecurityEvent::ProviderUnlinked => "The link to your account at a provider was ended",
        SecurityEvent::RecoveryCodesMade => "New recovery codes were made",
        SecurityEvent::SessionsEnded => "Other sessions were ended",
        SecurityEvent::ClientRegistered => "A program or a device was registered that works in your name",
        SecurityEvent::ClientEnded => "An administrator ended a program or a device that worked in your name",
        SecurityEvent::IdentityChecked => "An administrator recorded that your identity was checked",
        SecurityEvent::GrantChanged => "Your roles changed, and your sessions ended with that",
    }
}

/// What was shown, in words.
pub fn shown(factors: &[Factor]) -> String {
    let words = factors.iter().map(|factor| match factor {
        Factor::Password => "password",
        Factor::Provider => "sign-in at the provider",
        Factor::Code => "code from the app",
        Factor::RecoveryCode => "recovery code",
        Factor::Passkey => "passkey",
    });
    words.collect::<Vec<_>>().join(" and ")
}

/// What one is told of it.
pub fn told(line: &SecurityEventLine) -> String {
    let mut text = match line.event {
        SecurityEvent::SignedIn if line.factors.contains(&Factor::RecoveryCode) => {
            "A recovery code was used to sign in".to_owned()
        }
        SecurityEvent::SignInRefused => "Several sign-ins to your account were refused".to_owned(),
        ref event => said(event).to_owned(),
    };
    if let Some(client) = &line.client {
        text.push_str(", with ");
        text.push_str(client);
    }
    text
}
