//! The add dialog: finding files, labels, the keyboard alone, very many files, and hostile names.

use serde_json::json;
use thirtyfour::Key;
use thirtyfour::prelude::*;
use torrpeddo_tests::Seeder;
use torrpeddo_tests::bencode::{Value, dictionary};
use torrpeddo_tests::browser::Done;
use torrpeddo_tests::magnets::{dead, dead_id};

use crate::support::{Case, link, wait};

in_each_browser!(
    files_are_found_and_labels_given,
    the_keyboard_alone_is_enough,
    fifty_thousand_files,
    hostile_names_are_text,
    what_does_not_fit_is_said_before,
);

async fn files_are_found_and_labels_given(case: &Case) -> Done {
    let files = ["S01/One.mkv", "S01/One.srt", "S02/Two.mkv", "S02/Two.srt", "a.nfo", "b.txt"];
    let seeder = Seeder::folder("A show", files.map(|name| (name, 20_000)));
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.browser.wait_page("add.html").await?;
    let filter = case.browser.element("add-filter").await?;
    case.browser.click("add-select-none").await?;
    filter.send_keys("*.mkv").await?;
    wait("two files and their folders", async || {
        let rows = By::Css("[data-testid='file-row']");
        (case.browser.driver.find_all(rows).await.ok()?.len() == 5).then_some(())
    })
    .await;
    case.browser.click("add-select-all").await?;
    case.browser.element("add-labels").await?.send_keys("film, Linux,").await?;
    case.browser.picture("add-filter").await?;
    filter.send_keys(Key::Escape + "").await?;
    wait("all files again", async || {
        let rows = By::Css("[data-testid='file-row']");
        (case.browser.driver.find_all(rows).await.ok()?.len() == 9).then_some(())
    })
    .await;
    case.browser.click("add-confirm").await?;
    let relay = case.relay();
    let torrent = wait("the torrent", async || case.torrent(&relay, &seeder.id)).await;
    assert_eq!(torrent["labels"], json!(["film", "Linux"]));
    assert_eq!(torrent["selected_bytes"], 40_000);
    Ok(())
}

async fn the_keyboard_alone_is_enough(case: &Case) -> Done {
    let relay = case.relay();
    for (number, key) in [(1, Key::Escape), (2, Key::Enter)] {
        case.open_page(&link(&dead(number))).await?;
        case.browser.css("#link").await?.click().await?;
        let dialog = case.browser.wait_page("add.html").await?;
        case.browser.element("add-item").await?;
        let confirm = case.browser.element("add-confirm").await?;
        confirm.wait_until().enabled().await?;
        case.browser.driver.action_chain().send_keys(key).perform().await?;
        wait("the add dialog to close", async || {
            let open = case.browser.driver.windows().await.ok()?;
            (!open.contains(&dialog)).then_some(())
        })
        .await;
        let rest = case.browser.driver.windows().await?;
        case.browser.driver.switch_to_window(rest[0].clone()).await?;
    }
    wait("what Enter added", async || case.torrent(&relay, &dead_id(2))).await;
    assert!(case.torrent(&relay, &dead_id(1)).is_none(), "added by Escape");
    Ok(())
}

/// The bytes of a torrent with these files, whose pieces are nowhere.
fn torrent(name: &str, paths: &[String]) -> Vec<u8> {
    let files = paths.iter().map(|path| {
        let parts = path.split('/').map(Value::from).collect();
        dictionary([("length", Value::from(1_000_u64)), ("path", Value::List(parts))])
    });
    let piece: usize = 16 << 20;
    let pieces = (1_000 * paths.len()).div_ceil(piece);
    let info = dictionary([
        ("files", Value::List(files.collect())),
        ("name", name.into()),
        ("piece length", Value::from(piece as u64)),
        ("pieces", Value::from([7].repeat(20 * pieces).as_slice())),
    ]);
    dictionary([("info", info)]).encode()
}

impl Case {
    /// Drops a torrent file on the page in front.
    async fn drop_file(&self, torrent: &[u8]) -> Done {
        let bytes: String = torrent.iter().copied().map(char::from).collect();
        let script = "const [bytes] = arguments;
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(bytes, c => c.charCodeAt(0))], 'a.torrent'));
            document.body.dispatchEvent(
                new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}))";
        self.browser.driver.execute(script, vec![json!(bytes)]).await?;
        Ok(())
    }
}

async fn fifty_thousand_files(case: &Case) -> Done {
    let paths: Vec<String> = (0..50_000)
        .map(|n| format!("{:03}/file {n:05}.{}", n / 100, ["bin", "mkv"][n % 2]))
        .collect();
    case.browser.open(&case.browser.page("add.html")).await?;
    case.browser.css("[data-testid='add-dialog'][data-connection='ready']").await?;
    case.drop_file(&torrent("Very many", &paths)).await?;
    let tree = "[data-testid='file-tree']";
    case.browser.css(tree).await?;
    case.browser.element("add-filter").await?.send_keys("*.mkv").await?;
    case.browser.css(&format!("{tree}[data-total='25501']")).await?;
    case.browser.click("add-select-none").await?;
    case.browser.picture("add-50000").await?;
    case.browser.click("add-confirm").await?;
    let added = wait("the torrent", async || case.torrents().pop()).await;
    assert_eq!(added["file_count"], 50_000);
    assert_eq!(added["selected_bytes"], 25_000_000);
    Ok(())
}

/// What a stranger may call a torrent or a file.
fn hostile() -> Vec<String> {
    vec![
        "<img src=x onerror=document.title='owned'>".into(),
        "</script><script>document.title='owned'</script>".into(),
        "\u{202e}gnp.exe\u{2066} turned".into(),
        "many\nlines\r\nand\ttabs".into(),
        "🏴‍☠️🧑‍🚀 emoji e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}".into(),
        "W".repeat(240),
        "{{t('extName')}} ${1+1} %s $1".into(),
    ]
}

async fn hostile_names_are_text(case: &Case) -> Done {
    let names = hostile();
    case.browser.open(&case.browser.page("add.html")).await?;
    case.browser.css("[data-testid='add-dialog'][data-connection='ready']").await?;
    for (number, name) in names.iter().enumerate() {
        let mut paths = names.clone();
        paths.push(format!("{number}.bin"));
        case.drop_file(&torrent(name, &paths)).await?;
    }
    wait("all of them", async || {
        let items = By::Css("[data-testid='add-item-choose']");
        (case.browser.driver.find_all(items).await.ok()?.len() == names.len()).then_some(())
    })
    .await;
    for item in case.browser.driver.find_all(By::Css("[data-testid='add-item-choose']")).await? {
        item.click().await?;
        case.browser.element("file-row").await?;
        case.unharmed().await?;
    }
    case.browser.picture("add-hostile").await?;
    case.browser.click("add-paused").await?;
    case.browser.click("add-confirm").await?;
    wait("all to be added", async || (case.torrents().len() == names.len()).then_some(())).await;
    let rest = case.browser.driver.windows().await?;
    case.browser.driver.switch_to_window(rest[0].clone()).await?;
    for page in ["popup.html", "manager.html", "sidepanel.html"] {
        case.browser.open(&case.browser.page(page)).await?;
        case.browser.element("torrent-row").await?;
        case.unharmed().await?;
        case.browser.picture(&format!("hostile-{}", page.trim_end_matches(".html"))).await?;
    }
    // As the text of links and as the names in them.
    let links: String = names
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let text = name.replace('&', "&amp;").replace('<', "&lt;");
            format!("<a href='{}'>{text}</a>", dead(number))
        })
        .collect();
    case.open_page(&links).await?;
    case.browser.css("a").await?;
    case.browser.menu("page").await?;
    case.browser.wait_page("add.html").await?;
    case.browser.element("choice-link").await?;
    case.unharmed().await?;
    case.browser.picture("hostile-choice").await?;
    Ok(())
}

impl Case {
    /// Asserts that the page in front has nothing of a stranger's in it but text, and is no wider than
    /// its window.
    async fn unharmed(&self) -> Done {
        let script = "return [document.title.includes('owned'),
            document.querySelectorAll('img:not([src^=\"/icon/\"]), body script:not([src])').length,
            document.documentElement.scrollWidth > innerWidth,
            /[\\u202a-\\u202e\\u2066-\\u2069]/.test(document.body.innerText)]";
        let found = self.browser.driver.execute(script, vec![]).await?;
        assert_eq!(found.json(), &json!([false, 0, false, false]));
        Ok(())
    }
}

async fn what_does_not_fit_is_said_before(case: &Case) -> Done {
    let info = dictionary([
        ("length", Value::from(1_u64 << 44)),
        ("name", "More than anybody has room for".into()),
        ("piece length", Value::from(1_u64 << 28)),
        ("pieces", Value::from([7].repeat(20 << 16).as_slice())),
    ]);
    case.browser.open(&case.browser.page("add.html")).await?;
    case.browser.css("[data-testid='add-dialog'][data-connection='ready']").await?;
    case.drop_file(&dictionary([("info", info)]).encode()).await?;
    let warning = case.browser.css("[data-testid='add-free'].bad").await?;
    assert!(!warning.text().await?.is_empty());
    case.browser.picture("add-no-room").await?;
    // It is a warning: there may be room by then. And the folder can be another one.
    case.browser.element("add-confirm").await?.wait_until().enabled().await?;
    Ok(())
}
