//! Links that no click of the user leads to directly: what a page's own script follows, what is taken
//! from a whole page, and what hostile pages try.

use thirtyfour::prelude::*;
use torrpeddo_tests::browser::{Done, Kind};
use torrpeddo_tests::magnets::{dead, dead_id};

use crate::support::{Case, link, small_seeder, wait};

in_each_browser!(
    a_window_that_a_button_opens,
    a_location_that_a_button_sets,
    all_links_of_a_page,
    links_that_are_selected,
    a_page_that_clicks_by_itself,
    a_page_that_uses_up_a_click,
    a_page_that_bends_everything,
    a_double_click_is_one,
    alt_passes_through,
);

/// A button that runs a script.
fn button(script: &str) -> String {
    format!("<button id=go onclick=\"{}\">Download</button>", script.replace('"', "&quot;"))
}

async fn a_window_that_a_button_opens(case: &Case) -> Done {
    let seeder = small_seeder("by window.open");
    case.open_page(&button(&format!("window.open('{}')", seeder.magnet))).await?;
    case.browser.css("#go").await?.click().await?;
    case.confirm(&seeder).await?;
    case.complete(&seeder).await;
    Ok(())
}

/// Firefox shows no script of ours what a page does with its location; there the browser's own
/// handler has it.
async fn a_location_that_a_button_sets(case: &Case) -> Done {
    if case.browser.kind == Kind::Firefox {
        return Ok(());
    }
    let ways = [
        "location = '{}'",
        "location.assign('{}')",
        "Object.assign(document.createElement('a'), {href: '{}'}).click()",
    ];
    for (number, way) in ways.iter().enumerate() {
        let page = button(&way.replace("{}", &dead(number)));
        case.open_page(&page).await?;
        case.browser.css("#go").await?.click().await?;
        case.browser.wait_page("add.html").await?;
        case.browser.element("add-item").await?;
        case.cancel().await?;
    }
    Ok(())
}

async fn all_links_of_a_page(case: &Case) -> Done {
    case.server.page("/frame", &link(&format!("{}&dn=In+a+frame", dead(3))));
    let body = format!(
        "<a href='{}&dn=First+one'>magnet</a> <a href='{}'>Second one</a> <a href=/>home</a>
        <div id=host></div><iframe src='{}'></iframe><script>
        document.getElementById('host').attachShadow({{mode: 'open'}}).innerHTML =
            `<a href='{}&dn=In+the+shadow'>magnet</a>`</script>",
        dead(1),
        dead(2),
        case.server.other_origin("/frame"),
        dead(4)
    );
    case.open_page(&body).await?;
    let frame = case.browser.css("iframe").await?;
    frame.enter_frame().await?;
    case.browser.css("#link").await?;
    case.browser.driver.enter_default_frame().await?;
    case.browser.menu("page").await?;
    case.browser.wait_page("add.html").await?;
    case.browser.element("link-choice").await?;
    wait("all four links", async || {
        let links = case.browser.driver.find_all(By::Css("li bdi")).await.ok()?;
        (links.len() == 4).then_some(())
    })
    .await;
    case.browser.picture("link-choice").await?;
    let confirm = case.browser.element("add-confirm").await?;
    assert!(!confirm.is_enabled().await?, "nothing is chosen yet");
    case.browser.element("choice-filter").await?.send_keys("second").await?;
    case.browser.click("choice-select-all").await?;
    case.browser.click("add-confirm").await?;
    let name = case.browser.element("add-name").await?.text().await?;
    assert!(!name.contains("First"), "{name}");
    case.browser.click("add-confirm").await?;
    let relay = case.relay();
    wait("the chosen one", async || case.torrent(&relay, &dead_id(2))).await;
    for other in [1, 3, 4] {
        assert!(case.torrent(&relay, &dead_id(other)).is_none(), "added although not chosen");
    }
    Ok(())
}

async fn links_that_are_selected(case: &Case) -> Done {
    let body = format!(
        "<p id=some>Two of them: <a href='{}'>one</a> and <a href='{}'>two</a></p>{}",
        dead(1),
        dead(2),
        link(&dead(3))
    );
    case.open_page(&body).await?;
    let select = "getSelection().selectAllChildren(document.getElementById('some'))";
    case.browser.css("#some").await?;
    case.browser.driver.execute(select, vec![]).await?;
    case.browser.menu("selection").await?;
    case.browser.wait_page("add.html").await?;
    wait("two items", async || {
        let items = By::Css("[data-testid='add-item-choose']");
        (case.browser.driver.find_all(items).await.ok()?.len() == 2).then_some(())
    })
    .await;
    Ok(())
}

/// A thousand clicks, locations and windows that no user asked for, in the page and in its frames.
async fn a_page_that_clicks_by_itself(case: &Case) -> Done {
    let script = "
        const uri = n => 'magnet:?xt=urn:btih:' + n.toString(16).padStart(40, '0');
        for (let n = 0; n < 1000; n++) {
            const a = document.createElement('a');
            a.href = uri(n);
            // What nobody takes is the browser's, and a thousand of its own questions would hide ours.
            if (n > 0) a.onclick = event => event.preventDefault();
            document.body.append(a);
            a.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
            a.remove();
            dispatchEvent(new CustomEvent('torrpeddo:open', {cancelable: true, detail: uri(n)}));
            const event = new Event('navigate', {cancelable: true});
            event.destination = {url: uri(n)};
            window.navigation?.dispatchEvent(event);
            postMessage({type: 'link', uri: uri(n)}, '*');
            (window.chrome ?? window.browser)?.runtime?.sendMessage?.({type: 'link', uri: uri(n)});
        }
        window.open(uri(1001), '_self');
        ";
    // Once loaded, so that the driver does not wait for where such a page never arrives.
    let script =
        format!("<script>onload = () => setTimeout(() => {{ {script} fetch('/done') }})</script>");
    case.server.page("/inner", &script);
    let inner = case.server.other_origin("/inner");
    case.server.page("/middle", &format!("<iframe src='{inner}'></iframe>{script}"));
    let first = case.browser.driver.window().await?;
    case.open_page(&format!("<iframe src=/middle></iframe>{script}")).await?;
    case.browser.driver.switch_to_window(first).await?;
    wait("the page and its frames to be done", async || {
        let requests = case.server.requests();
        (requests.iter().filter(|path| *path == "/done").count() == 3).then_some(())
    })
    .await;
    case.nothing_came_of_it().await?;
    // And the user still can.
    let seeder = small_seeder("after all that");
    case.open_page(&link(&seeder.magnet)).await?;
    case.browser.css("#link").await?.click().await?;
    case.confirm(&seeder).await?;
    Ok(())
}

/// One real click, on which the page follows a thousand links.
async fn a_page_that_uses_up_a_click(case: &Case) -> Done {
    let script = "const uri = n => 'magnet:?xt=urn:btih:' + n.toString(16).padStart(40, '0');
        window.open(uri(0));
        for (let n = 1; n < 1000; n++)
            dispatchEvent(new CustomEvent('torrpeddo:open', {cancelable: true, detail: uri(n)}))";
    case.open_page(&button(script)).await?;
    case.browser.css("#go").await?.click().await?;
    case.browser.wait_page("add.html").await?;
    case.browser.element("add-item").await?;
    let items = By::Css("[data-testid='add-item-choose']");
    assert!(case.browser.driver.find_all(items).await?.is_empty(), "more than one was taken");
    case.cancel().await?;
    assert!(case.torrents().is_empty());
    Ok(())
}

/// A page that changes what every script is made of. A real click is taken all the same.
async fn a_page_that_bends_everything(case: &Case) -> Done {
    let seeder = small_seeder("unbent");
    let script = "
        const no = () => { throw new Error('no'); };
        Event.prototype.composedPath = no;
        Event.prototype.preventDefault = no;
        Event.prototype.stopImmediatePropagation = no;
        Element.prototype.getAttribute = no;
        EventTarget.prototype.dispatchEvent = no;
        Object.defineProperty(Event.prototype, 'isTrusted', {get: () => true});
        Object.defineProperty(UserActivation.prototype, 'isActive', {get: () => true});
        Reflect.apply = no;
        window.browser = window.chrome = {runtime: {sendMessage: no, id: 'x'}};
        open('/page?harmless', 'sink').close();";
    // As large as the page: the driver needs the page's own scripts to find an element.
    let style = "<style>#link { position: fixed; inset: 0 }</style>";
    let tab = case
        .open_page(&format!("{style}{}<script>{script}</script>", link(&seeder.magnet)))
        .await?;
    case.nothing_came_of_it().await?;
    case.browser.driver.switch_to_window(tab).await?;
    case.browser.driver.action_chain().move_to(200, 200).click().perform().await?;
    case.confirm(&seeder).await?;
    Ok(())
}

async fn a_double_click_is_one(case: &Case) -> Done {
    case.open_page(&link(&dead(1))).await?;
    let element = case.browser.css("#link").await?;
    case.browser.driver.action_chain().double_click_element(&element).perform().await?;
    case.browser.wait_page("add.html").await?;
    case.browser.element("add-item").await?;
    let dialogs = case.pages("add.html").await?;
    assert_eq!(dialogs, 1, "one link, one dialog");
    case.browser.click("add-confirm").await?;
    let relay = case.relay();
    wait("the torrent", async || case.torrent(&relay, &dead_id(1))).await;
    assert_eq!(case.torrents().len(), 1);
    Ok(())
}

async fn alt_passes_through(case: &Case) -> Done {
    let body = format!(
        "<a id=link href='{}'>one</a>{}<script>
        addEventListener('click', event => document.title = `seen ${{event.defaultPrevented}}`)
        </script>",
        dead(1),
        button(&format!("window.open('{}', '_self'); event.preventDefault()", dead(2)))
    );
    // What a script does Firefox answers with a question over the tab, in which nothing can be asked.
    let targets: &[_] =
        if case.browser.kind == Kind::Firefox { &["#link"] } else { &["#link", "#go"] };
    for target in targets {
        case.open_page(&body).await?;
        let element = case.browser.css(target).await?;
        let keys = case.browser.driver.action_chain().key_down(thirtyfour::Key::Alt);
        keys.click_element(&element).key_up(thirtyfour::Key::Alt).perform().await?;
        wait("the page to see its click", async || {
            case.browser.driver.title().await.ok()?.starts_with("seen").then_some(())
        })
        .await;
        case.nothing_came_of_it().await?;
    }
    Ok(())
}
