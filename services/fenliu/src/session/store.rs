//! The file a session is kept in: readable by its owner only, whole whenever it is there, one writer at a time.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// Names another file than the usual one.
pub const FILE_VARIABLE: &str = "FENLIU_SESSION";
/// Longest file that is read, in bytes: far more than a session is.
const MAX_BYTES: u64 = 64 * 1_024;

/// Somebody's session with a fenliu.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Where the fenliu listens, as it was typed.
    pub address: String,
    /// The name that was signed in with.
    pub login_name: String,
    /// The account, agt_….
    pub subject: String,
    /// The shop, shp_….
    pub shop_id: String,
    /// The token that goes with every call.
    pub access_token: String,
    /// It is valid until then, in microseconds since 1970.
    pub access_expire_micros: i64,
    /// The token for the next pair; it can be traded once.
    pub refresh_token: String,
    /// It is valid until then, in microseconds since 1970.
    pub refresh_expire_micros: i64,
}

/// Where a session is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    path: PathBuf,
}

/// The right to replace the session; given back when dropped.
#[derive(Debug)]
pub struct Locked<'a> {
    store: &'a Store,
    // The operating system forgets the lock with the process that holds it, however that one ends.
    _lock: File,
}

impl Store {
    /// The file that `FENLIU_SESSION` names, or `fenliu/session.json` in the directory for configuration.
    ///
    /// # Errors
    /// When nothing says where that directory is.
    pub fn find() -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let path = place(variable(FILE_VARIABLE), variable("XDG_CONFIG_HOME"), variable("HOME"));
        let path =
            path.context("neither FENLIU_SESSION nor HOME says where to keep a session; set one of them")?;
        Ok(Self::at(path))
    }

    /// This file.
    #[must_use]
    pub const fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The session; `None` when nobody is signed in.
    ///
    /// # Errors
    /// When the file cannot be read, or is no session.
    pub fn read(&self) -> anyhow::Result<Option<Session>> {
        use std::io::Read;
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot open {}", self.path.display())),
        };
        let mut text = String::new();
        let read = file.take(MAX_BYTES).read_to_string(&mut text);
        read.with_context(|| format!("cannot read {}", self.path.display()))?;
        let session = serde_json::from_str(&text).map_err(|_| {
            // What is wrong with it is not told: it may quote a token.
            anyhow::anyhow!("{} is no session; delete it and run fenliu login", self.path.display())
        })?;
        Ok(Some(session))
    }

    /// Waits until no other process replaces the session. This blocks the thread.
    ///
    /// # Errors
    /// When the lock file cannot be made.
    pub fn lock(&self) -> anyhow::Result<Locked<'_>> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(directory)
            .with_context(|| format!("cannot make the directory {}", directory.display()))?;
        let path = self.path.with_extension("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot open {}", path.display()))?;
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(Locked { store: self, _lock: file })
    }
}

impl Locked<'_> {
    /// The session as it is now.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read(&self) -> anyhow::Result<Option<Session>> {
        self.store.read()
    }

    /// Puts a session in the place of the one that is there. Whenever the machine stops, one of them is there whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn replace(&self, session: &Session) -> anyhow::Result<()> {
        let path = &self.store.path;
        let cannot = || format!("cannot write {}", path.display());
        let text = serde_json::to_string_pretty(session)?;
        // Such a file is made for its owner only, mode 0600.
        let directory = path.parent().unwrap_or(Path::new("."));
        let mut draft = tempfile::NamedTempFile::new_in(directory).with_context(cannot)?;
        let written = draft.write_all(text.as_bytes()).and_then(|()| draft.as_file().sync_all());
        written.with_context(cannot)?;
        draft.persist(path).with_context(cannot)?;
        Ok(())
    }

    /// Takes the session away. It is fine when there is none.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove(&self) -> anyhow::Result<()> {
        match std::fs::remove_file(&self.store.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.store.path.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Where the session is, by the three variables that can say so. The XDG base directory specification has relative
/// paths ignored.
fn place(file: Option<PathBuf>, config: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let named = |path: &PathBuf| !path.as_os_str().is_empty();
    if let Some(file) = file.filter(named) {
        return Some(file);
    }
    let config = config.filter(|path| path.is_absolute());
    let config = config.or_else(|| Some(home.filter(named)?.join(".config")))?;
    Some(config.join("fenliu").join("session.json"))
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({} at {}, tokens not shown)", self.login_name, self.address)
    }
}

#[cfg(test)]
mod tests;
