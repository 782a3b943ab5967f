//! Programs that show a certificate, where an authority for them was named.

use std::{net::SocketAddr, sync::Arc};

use tokio::task::block_in_place;
use trial::{
    access::Scope,
    client::Kind,
    permission::{Permission, Permissions},
    role::Role,
};
use web::{ServeConfig, Serving, TlsFiles, serve};

use crate::{
    tls::{Authority, BOTH, Files, Line, Pair},
    world::{World, act},
};

/// A server with an authority for programs.
struct Place {
    world: World,
    authority: Authority,
    files: Files,
    serving: Serving,
    address: SocketAddr,
}

impl Place {
    async fn new(programs: &Authority, revoked: Option<String>) -> Place {
        let (world, authority) = (World::new(), Authority::new("test"));
        let files = Files::new(&authority.server(2050));
        let tls = TlsFiles {
            client_authority: Some(files.write("programs.pem", &programs.pem())),
            client_revoked: revoked.map(|list| files.write("revoked.pem", &list)),
            ..files.tls()
        };
        let listen = vec!["127.0.0.1:0".parse().unwrap()];
        let config = ServeConfig { listen, tls: Some(tls), ..ServeConfig::default() };
        let serving = serve(config, Arc::clone(&world.installation)).await.unwrap();
        let address = serving.addresses[0];
        Place { world, authority, files, serving, address }
    }

    fn line(&self, own: Option<&Pair>) -> std::io::Result<Line> {
        Line::to(self.address, &self.authority.trusting(BOTH, own))
    }

    /// Asks once; the error of a connection that was not let in.
    fn ask(&self, own: Option<&Pair>, path: &str, headers: &str) -> std::io::Result<String> {
        self.line(own)?.ask("GET", path, headers)
    }

    fn bearer(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.world.admin.token)
    }

    async fn end(self) {
        self.serving.stop();
        self.serving.stopped().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_needs_a_certificate_of_the_authority_and_a_person_does_not() {
    let (programs, strangers) = (Authority::new("programs"), Authority::new("strangers"));
    let place = Place::new(&programs, None).await;
    block_in_place(|| {
        let (own, other) = (programs.program("lab-gateway", 7), strangers.program("lab-gateway", 7));
        let (bearer, api) = (place.bearer(), "/api/v1/studies");
        assert!(place.ask(Some(&own), api, &bearer).unwrap().starts_with("HTTP/1.1 200"));
        let without = place.ask(None, api, &bearer).unwrap();
        assert!(without.starts_with("HTTP/1.1 401") && without.contains("\"client_certificate\""), "{without}");
        assert!(place.ask(Some(&other), api, &bearer).is_err(), "not let in at all");
        // One for servers is not one for programs.
        assert!(place.ask(Some(&programs.server(2050)), api, &bearer).is_err());
        let standing = place.ask(Some(&own), "/api/v1/session", &bearer).unwrap();
        assert!(standing.contains("\"certificate\":{\"subject\":\"CN=lab-gateway\",\"thumbprint\":\""), "{standing}");
        // A certificate is not a session.
        assert!(place.ask(Some(&own), api, "").unwrap().starts_with("HTTP/1.1 401"));
        assert!(place.ask(None, "/api/v1/openapi.json", "").unwrap().starts_with("HTTP/1.1 401"));
        assert!(place.ask(Some(&own), "/api/v1/openapi.json", "").unwrap().starts_with("HTTP/1.1 200"));
        // Nor does a token in a header get by through the pages.
        assert!(place.ask(None, "/studies", &bearer).unwrap().starts_with("HTTP/1.1 303"), "to the sign-in");
        assert!(place.ask(None, "/sign-in", "").unwrap().starts_with("HTTP/1.1 200"));
        // What a page of ours asks in its reader's name.
        let cookie = format!("Cookie: __Host-probity_session={}\r\n", place.world.admin.token);
        assert!(place.ask(None, api, &cookie).unwrap().starts_with("HTTP/1.1 200"));
        let both = format!("{cookie}{bearer}");
        assert!(place.ask(None, api, &both).unwrap().starts_with("HTTP/1.1 401"));
    });
    place.end().await;
}

/// RFC 8705 3: whoever took the token has not taken the key of the certificate.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_bound_to_a_certificate_is_nobodys_without_it() {
    let programs = Authority::new("programs");
    let place = Place::new(&programs, None).await;
    let (own, other) = (programs.program("lab-gateway", 7), programs.program("ward-tablet", 8));
    let world = &place.world;
    let study = Scope::Study { study: world.study(&world.a, &world.admin, "one").0.id };
    let mut manager = world.person(&world.a, &world.admin, "manager");
    world.give(&world.a, &world.admin, &mut manager, Role::DataManager, study);
    block_in_place(|| {
        let standing = place.ask(Some(&own), "/api/v1/session", &place.bearer()).unwrap();
        let (_, thumbprint) = standing.split_once("\"thumbprint\":\"").unwrap();
        let token = format!("{}{}.{}", store::TOKEN_PREFIX, world.a.id(), store::fresh_token().unwrap());
        let register = store::acts::RegisterClient {
            name: "Lab gateway".into(),
            kind: Kind::Program,
            scope: study,
            permissions: Permissions::of(&[Permission::StudySee]),
            days: 1,
            certificate: Some(thumbprint[..64].to_owned()),
            token_tag: store::token_tag(&token),
        };
        act(&world.a, &manager.actor, register);
        let bearer = format!("Authorization: Bearer {token}\r\n");
        let ask = |pair| place.ask(Some(pair), "/api/v1/studies", &bearer).unwrap();
        assert!(ask(&own).starts_with("HTTP/1.1 200"));
        for _ in 0..2 {
            let stolen = ask(&other);
            assert!(stolen.starts_with("HTTP/1.1 401") && stolen.contains("\"signed_out\""), "{stolen}");
        }
        assert!(ask(&own).starts_with("HTTP/1.1 200"), "from memory too");
    });
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_is_turned_away_on_open_connections_too() {
    let programs = Authority::new("programs");
    let place = Place::new(&programs, Some(programs.revokes(&[8], 2050))).await;
    block_in_place(|| {
        let (kept, revoked) = (programs.program("kept", 7), programs.program("revoked", 8));
        let (bearer, api) = (place.bearer(), "/api/v1/studies");
        let mut open = place.line(Some(&kept)).unwrap();
        assert!(open.ask("GET", api, &bearer).unwrap().starts_with("HTTP/1.1 200"));
        assert!(place.ask(Some(&revoked), api, &bearer).is_err());
        place.files.write("revoked.pem", &programs.revokes(&[7, 8], 2050));
        assert!(place.serving.reload().unwrap());
        assert!(place.ask(Some(&kept), api, &bearer).is_err());
        let told = open.ask("GET", api, &bearer).unwrap();
        assert!(told.starts_with("HTTP/1.1 401") && told.contains("client_certificate_stale"), "{told}");
        // A list that nobody keeps up says nothing of who was revoked since.
        place.files.write("revoked.pem", &programs.revokes(&[], 2026));
        assert!(place.serving.reload().unwrap());
        assert!(place.ask(Some(&kept), api, &bearer).is_err());
        place.files.write("revoked.pem", &programs.revokes(&[8], 2050));
        assert!(place.serving.reload().unwrap());
        assert!(place.ask(Some(&kept), api, &bearer).unwrap().starts_with("HTTP/1.1 200"));
    });
    place.end().await;
}
