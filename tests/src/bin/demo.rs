//! `cargo xtask run`: the whole thing on one machine. A swarm, a page of magnet links, a browser
//! with the extension in a throw-away profile, and the engine that the browser starts.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use torrpeddo_tests::browser::{Browser, Kind, Options};
use torrpeddo_tests::demo::{Done, Swarm, tour};
use torrpeddo_tests::{Sandbox, files, paths, process};

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

/// How it ended when nothing failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Seen,
    Interrupted,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let Some(kind) = Kind::from_name(&arguments.browser) else {
        eprintln!("There is no browser called {:?} here.", arguments.browser);
        return ExitCode::from(2);
    };
    // The parts shared with the tests panic when they fail. Here that is a sentence like any other.
    std::panic::set_hook(Box::new(|_| ()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let signals = {
        let _inside = runtime.enter();
        Signals::new().expect("signals")
    };

    let folder = paths::target().join("demo");
    let sandbox = Sandbox::new();
    let ended = caught(|| {
        std::fs::create_dir_all(&folder)?;
        runtime.block_on(show(kind, arguments.headless, &sandbox, &folder, signals))
    });
    let cleaned = caught(|| clean_up(&sandbox));
    match ended.and_then(|end| cleaned.map(|()| end)) {
        Ok(End::Interrupted) if arguments.headless => {
            eprintln!("Interrupted.");
            ExitCode::from(130)
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            let error = error.to_string();
            eprintln!("The demo failed: {}", error.lines().next().unwrap_or_default());
            if let Ok(kept) = keep_logs(&sandbox, &error, &folder) {
                eprintln!("The whole story: {}", kept.display());
            }
            ExitCode::FAILURE
        }
    }
}

/// Makes an error of a panic.
fn caught<T>(work: impl FnOnce() -> Done<T>) -> Done<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Err(text.unwrap_or_else(|| "something gave up without a word".into()).into())
    })
}

/// Ctrl-C, or somebody who asks us to end. From the first moment, or a seeder could stay behind.
struct Signals(Signal, Signal);

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self(signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

async fn show(
    kind: Kind,
    headless: bool,
    sandbox: &Sandbox,
    folder: &Path,
    mut signals: Signals,
) -> Done<End> {
    println!("starting a swarm on 127.0.0.1, seeded by libtorrent");
    let starting = tokio::task::spawn_blocking(Swarm::start);
    let swarm = match starting.await {
        Ok(swarm) => swarm,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    };
    println!("starting {} with the extension, in a throw-away profile", kind.name());
    let browser = tokio::select! {
        // Who pressed Ctrl-C while the swarm started wants no browser first.
        biased;
        () = signals.any() => return Ok(End::Interrupted),
        browser = Browser::start(kind, sandbox, Options { headless, ..Options::default() }) => browser?,
    };
    let watched = async {
        to_the_page(&browser, &swarm).await?;
        if headless {
            tour(&browser, sandbox, &swarm, folder).await
        } else {
            by_hand(&browser, &swarm).await
        }
    };
    let done = tokio::select! {
        done = watched => done.map(|()| End::Seen),
        () = signals.any() => Ok(End::Interrupted),
    };
    // A browser that the user has closed cannot be closed again, and one that hangs is ended with
    // everything else that is left.
    let _ = tokio::time::timeout(Duration::from_secs(10), browser.quit()).await;
    done
}

/// Brings the page to the front, instead of the one that welcomes who has just installed it.
async fn to_the_page(browser: &Browser, swarm: &Swarm) -> Done {
    browser.wait_page("welcome.html").await?;
    browser.css("[data-testid='welcome-status'][data-status='ready']").await?;
    println!("the extension has found the engine");
    browser.driver.close_window().await?;
    let rest = browser.driver.windows().await?.into_iter().next().ok_or("no window is left")?;
    browser.driver.switch_to_window(rest).await?;
    browser.driver.goto(swarm.page()).await?;
    Ok(())
}

/// Says what to do, and waits until the user has closed the browser.
async fn by_hand(browser: &Browser, swarm: &Swarm) -> Done {
    println!(
        "\n  1. Click a link on the page. Choose files in the dialog, press “Download”.\n  \
         2. Open Torrpeddo in the toolbar (under the puzzle piece) and watch it arrive.\n\n\
         Close the browser or press Ctrl-C to end. Everything is thrown away then.\n\
         The page: {}\n",
        swarm.page()
    );
    while browser.driver.windows().await.is_ok_and(|windows| !windows.is_empty()) {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Ends the engine as its protocol says, and then whatever else is left of ours, by its id. The
/// profile and the downloads are in the sandbox, and go with it.
fn clean_up(sandbox: &Sandbox) -> Done {
    let is_engine = |pid: &u32| process::describe(*pid).contains("torrpeddo engine");
    if sandbox.processes().iter().any(is_engine) {
        sandbox.stop_engine();
        println!("the engine has ended");
    }
    for pid in sandbox.processes() {
        if !process::gone_within(pid, Duration::from_secs(2)) {
            process::kill(pid);
        }
    }
    let left: Vec<String> = sandbox.processes().into_iter().map(process::describe).collect();
    if !left.is_empty() {
        return Err(format!("Left behind: {}.", left.join(", ")).into());
    }
    println!("no process is left behind");
    Ok(())
}

/// Keeps the error and the engine's logs before the sandbox goes.
fn keep_logs(sandbox: &Sandbox, error: &str, folder: &Path) -> Done<std::path::PathBuf> {
    let mut story = format!("{error}\n");
    for name in files::list(&sandbox.home()).into_iter().filter(|name| name.ends_with(".log")) {
        let log = std::fs::read_to_string(sandbox.home().join(&name))?;
        story += &format!("\n--- {name}\n{log}");
    }
    let kept = folder.join("failed.txt");
    std::fs::write(&kept, story)?;
    Ok(kept)
}
