//! `cargo xtask run`: the whole thing on one machine. A swarm, a page of magnet links, a browser
//! with the extension in a throw-away profile, and the engine that the browser starts.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::{Value, json};
use torrpeddo_tests::browser::{Browser, Kind, Options};
use torrpeddo_tests::http::Server;
use torrpeddo_tests::{Relay, Sandbox, Seeder, demo, files, paths, process};

/// Shows Torrpeddo at work.
#[derive(Parser)]
struct Arguments {
    /// chromium, chrome or firefox
    #[arg(long, default_value = "chromium")]
    browser: String,
    /// Without a window: clicks by itself and checks what comes of it
    #[arg(long)]
    headless: bool,
}

type Done<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Done {
    let arguments = Arguments::parse();
    let kind = Kind::from_name(&arguments.browser).ok_or("unknown browser")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;

    let sandbox = Sandbox::new();
    let server = Server::start();
    let seeders = demo::seeders();
    demo::put_page(&server, &seeders);
    println!("a swarm of {} torrents on 127.0.0.1, seeded by libtorrent", seeders.len());
    println!("a page of magnet links at {}", server.url("/"));

    let done = runtime.block_on(async {
        tokio::select! {
            done = show(kind, arguments.headless, &sandbox, &server, &seeders) => done,
            () = interrupted() => Err("interrupted".into()),
        }
    });
    // The profile and all that was downloaded are in the sandbox, and go with it.
    runtime.block_on(async { clean_up(&sandbox) });
    done
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut end)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = end.recv() => {}
    }
}

async fn show(
    kind: Kind,
    headless: bool,
    sandbox: &Sandbox,
    server: &Server,
    seeders: &[Seeder],
) -> Done {
    println!("starting {} with the extension, in a throw-away profile", kind.name());
    let browser = Browser::start(kind, sandbox, Options { headless, host: true }).await?;
    let done = async {
        browser.open(&server.url("/")).await?;
        if headless {
            click_through(&browser, sandbox, &seeders[0]).await
        } else {
            println!("click a link on the page; close the browser or press Ctrl-C to end");
            closed(&browser).await;
            Ok(())
        }
    }
    .await;
    let quit = browser.quit().await;
    if headless {
        quit?;
    }
    done
}

/// What a user does, and what comes of it.
async fn click_through(browser: &Browser, sandbox: &Sandbox, seeder: &Seeder) -> Done {
    let folder = paths::target().join("demo");
    std::fs::create_dir_all(&folder)?;
    browser.picture_in(&folder, "page").await?;
    println!("clicking the magnet link of {:?}", seeder.name());
    browser.css("a.torrent").await?.click().await?;
    browser.wait_page("add.html").await?;
    browser.element("file-row").await?;
    let size = browser.element("add-size").await?.text().await?;
    println!("the add dialog shows {size}; confirming");
    browser.picture_in(&folder, "add").await?;
    browser.click("add-confirm").await?;

    let relay = sandbox.relay();
    let window = browser.driver.windows().await?.into_iter().next().ok_or("no window")?;
    browser.driver.switch_to_window(window).await?;
    browser.open(&browser.page("popup.html")).await?;
    watch(browser, &relay, seeder, &folder).await?;

    let downloaded = seeder.downloaded_to(&sandbox.downloads());
    for (name, content) in seeder.files().iter() {
        let found = files::sha256(&std::fs::read(downloaded.join(name))?);
        let same = found == files::sha256(content);
        println!("  {found}  {}  {name}", if same { "as seeded" } else { "NOT AS SEEDED" });
        if !same {
            return Err(format!("{name} is not what was seeded").into());
        }
    }
    browser.css("[data-testid='torrent-row'][data-progress='1']").await?;
    // Nothing moves any more on the picture.
    let still = || relay.ok("get_session", json!({}))["download_rate"] == 0;
    torrpeddo_tests::wait_until("the rate to fall to nothing", still);
    let picture = browser.picture_of("popup", &folder, "popup").await?;
    println!("all files are there and verified; a picture of the popup: {}", picture.display());
    Ok(())
}

/// Tells the progress until the download is complete, and keeps a picture of it half-way.
async fn watch(browser: &Browser, relay: &Relay, seeder: &Seeder, folder: &Path) -> Done {
    let began = Instant::now();
    let mut told = 0;
    let mut picture: Option<PathBuf> = None;
    loop {
        let status = relay.ok("get_status", json!({}));
        let torrent = status["torrents"]
            .as_array()
            .and_then(|torrents| {
                torrents.iter().find(|torrent| torrent["id"] == seeder.id.as_str())
            })
            .cloned()
            .unwrap_or(Value::Null);
        let percent = torrent["progress"].as_f64().unwrap_or_default() * 100.0;
        let state = torrent["state"].as_str().unwrap_or("waiting");
        let rate = torrent["download_rate"].as_f64().unwrap_or_default() / 1e6;
        if percent as u64 / 10 > told {
            told = percent as u64 / 10;
            let bar = "#".repeat(told as usize * 2);
            println!("  [{bar:<20}] {percent:3.0} %  {rate:4.1} MB/s  {state}");
        }
        if picture.is_none() && percent >= 40.0 {
            picture = Some(browser.picture_of("popup", folder, "popup-downloading").await?);
        }
        match state {
            "seeding" | "finished" => return Ok(()),
            "error" => return Err(format!("the download failed: {}", torrent["error"]).into()),
            _ if began.elapsed() > Duration::from_secs(120) => {
                return Err(format!("not complete after two minutes: {torrent:#}").into());
            }
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

/// Waits until the user has closed the browser.
async fn closed(browser: &Browser) {
    while browser.driver.windows().await.is_ok_and(|windows| !windows.is_empty()) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Ends the engine as its protocol says, and then whatever else is left of ours, by its id.
fn clean_up(sandbox: &Sandbox) {
    let is_engine = |pid: &u32| process::describe(*pid).contains("torrpeddo engine");
    if sandbox.processes().iter().any(is_engine) {
        sandbox.stop_engine();
        println!("the engine has ended");
    }
    for pid in sandbox.processes() {
        process::kill(pid);
    }
    assert!(sandbox.processes().is_empty(), "left behind: {:?}", sandbox.processes());
    println!("no process is left behind");
}
