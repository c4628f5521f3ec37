//! The webhook: who is told of alerts, whatever becomes of their server.

use std::sync::{Arc, Mutex};

use fenliu_analytics::config::WebhookConfig;
use fenliu_proto::analytics::v1::AlertKind;
use fenliu_proto::common::v1::Presence;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::alerts::{list, pass, raised};
use crate::floor::{online, policy, present, waiting};
use crate::house::{House, SHOP};

const SECRET: &str = "a secret of sixteen bytes or more";
/// How often a condition is looked for before a test gives up.
const TRIES: usize = 400;
/// Calls to the service that give the machine time for other things.
const CALLS: usize = 50;

/// What came.
#[derive(Clone, Debug)]
struct Received {
    delivery: String,
    timestamp: String,
    signature: String,
    body: String,
}

/// A server that answers as it is told.
#[derive(Clone)]
struct Server {
    received: Arc<Mutex<Vec<Received>>>,
    /// The status of the next answers, and of all after them.
    answers: Arc<Mutex<(Vec<&'static str>, &'static str)>>,
    url: String,
}

impl Server {
    async fn start(first: &[&'static str], then: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://localhost:{}/alerts", listener.local_addr().expect("the port").port());
        let answers = Arc::new(Mutex::new((first.to_vec(), then)));
        let server = Self { received: Arc::default(), answers, url };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serving.answer(stream).await;
            }
        });
        server
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut read = Vec::new();
        while !is_whole(&read) {
            let mut part = [0; 4_096];
            match stream.read(&mut part).await {
                Ok(count @ 1..) => read.extend_from_slice(&part[..count]),
                _ => return,
            }
        }
        let status = {
            let mut answers = self.answers.lock().expect("not poisoned");
            let (first, then) = &mut *answers;
            if first.is_empty() { *then } else { first.remove(0) }
        };
        self.received.lock().expect("not poisoned").push(received(&read));
        let elsewhere = format!("{}/elsewhere", self.url);
        let answer = format!("HTTP/1.1 {status}\r\nlocation: {elsewhere}\r\ncontent-length: 0\r\n\r\n");
        // Whoever hangs up early has heard enough.
        let _ = stream.write_all(answer.as_bytes()).await;
    }

    fn config(&self) -> WebhookConfig {
        WebhookConfig {
            url: self.url.clone(),
            secret: SECRET.into(),
            allow_private: true,
            ..WebhookConfig::default()
        }
    }

    fn all(&self) -> Vec<Received> {
        self.received.lock().expect("not poisoned").clone()
    }

    /// Lets time pass until so many have come. Posting takes no time on the clock but some of the machine's: between two
    /// steps there is some, unless something comes.
    async fn until(&self, house: &mut House, count: usize) -> Vec<Received> {
        for _ in 0..TRIES {
            let before = self.all().len();
            if before >= count {
                return self.all();
            }
            pass(house, 5).await;
            for _ in 0..CALLS {
                list(house).await;
                if self.all().len() > before {
                    break;
                }
            }
        }
        panic!("only these came: {:?}", self.all())
    }
}

fn parts(read: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(read).into_owned();
    text.split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned()))
}

fn header(head: &str, name: &str) -> String {
    let lines = head.lines().filter_map(|line| line.split_once(": "));
    let mut values = lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    values.next().unwrap_or_default().to_owned()
}

fn is_whole(read: &[u8]) -> bool {
    let length = |head: &str| header(head, "content-length").parse::<usize>().ok();
    parts(read).is_some_and(|(head, body)| length(&head).is_some_and(|length| body.len() >= length))
}

fn received(read: &[u8]) -> Received {
    let (head, body) = parts(read).expect("a request");
    assert!(head.starts_with("POST /alerts HTTP/1.1"), "{head}");
    assert_eq!(header(&head, "content-type"), "application/json");
    Received {
        delivery: header(&head, "fenliu-delivery"),
        timestamp: header(&head, "fenliu-timestamp"),
        signature: header(&head, "fenliu-signature"),
        body,
    }
}

/// A shop in which one of two agents leaves and buyers wait.
async fn troubled(server: &Server) -> House {
    let mut house = House::telling(server.config()).await;
    house.recorded([vec![policy()], online("lan"), online("mei")].concat()).await;
    house.recorded(waiting(1, 0)).await;
    house.recorded([present("mei", Presence::Offline, 5)]).await;
    house
}

fn deliveries(received: &[Received]) -> Vec<String> {
    received.iter().map(|received| received.delivery.clone()).collect()
}

#[tokio::test]
async fn changes_are_posted_in_order_and_signed() {
    let server = Server::start(&[], "200 OK").await;
    let mut house = troubled(&server).await;
    raised(&mut house, AlertKind::QueueWaiting).await;
    raised(&mut house, AlertKind::LastAgent).await;
    let received = server.until(&mut house, 2).await;
    for (received, position) in received.iter().zip(1..) {
        assert_eq!(received.delivery, format!("{SHOP}/{position}"));
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(SECRET.as_bytes()).expect("any key will do");
        mac.update(format!("{}.{}", received.timestamp, received.body).as_bytes());
        let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(received.signature, format!("v1={expected}"));
        let body: Value = serde_json::from_str(&received.body).expect("JSON");
        assert_eq!((body["shop_id"].as_str(), body["position"].as_i64()), (Some(SHOP), Some(position)));
        assert_eq!(body["event"], "raised");
        assert_eq!(body["alert"]["number"], position);
    }
    let bodies: Vec<Value> =
        received.iter().map(|one| serde_json::from_str(&one.body).expect("JSON")).collect();
    let queue = bodies.iter().find(|body| body["alert"]["kind"] == "queue_waiting").expect("it was told");
    assert_eq!(queue["alert"]["detail"]["waiting"], 1);
    assert_eq!(queue["alert"]["severity"], "warning");
}

#[tokio::test]
async fn what_does_not_arrive_is_sent_again_before_what_comes_after_it() {
    let server = Server::start(&["500 No", "302 Found", "404 No"], "204 Fine").await;
    let mut house = troubled(&server).await;
    let received = server.until(&mut house, 5).await;
    let first = format!("{SHOP}/1");
    assert_eq!(
        deliveries(&received)[..5],
        [&first, &first, &first, &first, &format!("{SHOP}/2")].map(String::clone)
    );
    assert!(received[..4].iter().all(|one| one.body == received[0].body));
}

#[tokio::test]
async fn another_process_goes_on_where_the_last_one_stopped() {
    let server = Server::start(&["200 OK"], "503 Later").await;
    let mut house = troubled(&server).await;
    let received = server.until(&mut house, 3).await;
    assert_eq!(deliveries(&received)[1..3], [format!("{SHOP}/2"), format!("{SHOP}/2")]);
    let mut house = house.restart().await;
    let before = server.all().len();
    server.answers.lock().expect("not poisoned").1 = "200 OK";
    let received = server.until(&mut house, before + 3).await;
    let position =
        |received: &Received| received.delivery.rsplit('/').next().and_then(|n| n.parse::<i64>().ok());
    let positions: Vec<_> = received[before..].iter().filter_map(position).collect();
    assert!(positions.is_sorted() && positions[0] == 2 && positions[2] > 2, "{positions:?}");
}

#[tokio::test]
async fn what_never_arrives_is_given_up_so_that_the_next_can() {
    let server = Server::start(&["500 No"; 3], "200 OK").await;
    let config = WebhookConfig { max_attempts: 3, ..server.config() };
    let mut house = House::telling(config).await;
    house.recorded([vec![policy()], online("lan"), online("mei")].concat()).await;
    house.recorded(waiting(1, 0)).await;
    house.recorded([present("mei", Presence::Offline, 5)]).await;
    let received = server.until(&mut house, 4).await;
    let [first, second] = [1, 2].map(|position| format!("{SHOP}/{position}"));
    assert_eq!(deliveries(&received)[..4], [first.clone(), first.clone(), first, second]);
}
