//! Where Redis is: one server, a Cluster, or behind Sentinels.

/// What an address begins with.
const EXPECTED: &str =
    "expected redis://, redis+cluster:// or redis+sentinel://, or the same with rediss for TLS";

/// What an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// `redis://…` or `rediss://…`.
    One(String),
    /// `redis+cluster://user:password@host:port,host:port`: nodes from which the others are found.
    Cluster(Vec<String>),
    /// `redis+sentinel://user:password@host:port,host:port/name`: the Sentinels, and the name of what they watch. User and
    /// password are the server's; Sentinels are asked without.
    Sentinel { nodes: Vec<String>, name: String, credentials: Option<(String, String)>, tls: bool },
}

impl Address {
    /// Reads an address, or says what one is.
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or(EXPECTED)?;
        let (kind, tls) = match scheme {
            "redis" | "rediss" => return Ok(Self::One(url.to_owned())),
            "redis+cluster" => ("cluster", false),
            "rediss+cluster" => ("cluster", true),
            "redis+sentinel" => ("sentinel", false),
            "rediss+sentinel" => ("sentinel", true),
            _ => return Err(EXPECTED),
        };
        let scheme = if tls { "rediss" } else { "redis" };
        let (credentials, rest) = match rest.rsplit_once('@') {
            Some((credentials, rest)) => (Some(credentials), rest),
            None => (None, rest),
        };
        let (hosts, name) = rest.split_once('/').unwrap_or((rest, ""));
        let hosts = hosts.split(',').filter(|host| !host.is_empty());
        if kind == "cluster" {
            let prefix = credentials.map(|credentials| format!("{credentials}@")).unwrap_or_default();
            let nodes: Vec<_> = hosts.map(|host| format!("{scheme}://{prefix}{host}")).collect();
            return if nodes.is_empty() {
                Err("expected redis+cluster://host:port,host:port")
            } else {
                Ok(Self::Cluster(nodes))
            };
        }
        let nodes: Vec<_> = hosts.map(|host| format!("{scheme}://{host}")).collect();
        if nodes.is_empty() || name.is_empty() {
            return Err("expected redis+sentinel://host:port,host:port/name-of-the-master");
        }
        let split = |credentials: &str| {
            let (user, password) = credentials.split_once(':').unwrap_or(("", credentials));
            (user.to_owned(), password.to_owned())
        };
        Ok(Self::Sentinel { nodes, name: name.to_owned(), credentials: credentials.map(split), tls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_server_a_cluster_or_what_sentinels_watch() {
        let parse = |url| Address::parse(url).expect("an address");
        assert_eq!(parse("rediss://u:p@h:1"), Address::One("rediss://u:p@h:1".to_owned()));
        let nodes = ["redis://u:p@a:1", "redis://u:p@b:2"].map(str::to_owned).to_vec();
        assert_eq!(parse("redis+cluster://u:p@a:1,b:2"), Address::Cluster(nodes));
        assert_eq!(
            parse("rediss+sentinel://:secret@a:1,b:2/main"),
            Address::Sentinel {
                nodes: ["rediss://a:1", "rediss://b:2"].map(str::to_owned).to_vec(),
                name: "main".to_owned(),
                credentials: Some((String::new(), "secret".to_owned())),
                tls: true,
            }
        );
    }

    #[test]
    fn what_is_no_address_is_refused_in_words() {
        for url in
            ["", "localhost", "http://h", "redis+cluster://", "redis+sentinel://h:1", "redis+sentinel:///m"]
        {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
