//! What is drawn on a canvas has the colours of the theme, like everything around it.

use std::collections::HashSet;

use serde_json::json;
use thirtyfour::Key;
use torrpeddo_tests::browser::Done;
use torrpeddo_tests::look::Scheme;

use crate::support::{Case, small_seeder, wait};

in_each_browser!(the_pieces_have_the_colour_of_the_theme);

async fn the_pieces_have_the_colour_of_the_theme(case: &Case) -> Done {
    let (relay, seeder) = (case.relay(), small_seeder("drawn"));
    relay.ok("add_magnet", json!({"uri": seeder.magnet}));
    case.open_manager().await?;
    case.row(&seeder.id, &["seeding", "finished"]).await?.click().await?;
    case.press(Key::Enter).await?;
    case.browser.css("[data-testid=pieces] canvas").await?;
    // The graph's legend has the same colour, and no canvas.
    let script = "const canvas = document.querySelector('[data-testid=pieces] canvas');
        const at = [canvas.width >> 1, canvas.height >> 1, 1, 1];
        const [red, green, blue] = canvas.getContext('2d').getImageData(...at).data;
        const legend = getComputedStyle(document.querySelector('figcaption .down')).color;
        return legend === `rgb(${red}, ${green}, ${blue})` ? legend : ''";
    let mut seen = HashSet::new();
    for scheme in [Scheme::Light, Scheme::Dark] {
        case.browser.set_scheme(scheme).await?;
        let colour = wait("the pieces to have the colour of the legend", async || {
            let colour = case.browser.driver.execute(script, vec![]).await.ok()?;
            colour.convert::<String>().ok().filter(|colour| !colour.is_empty())
        })
        .await;
        seen.insert(colour);
    }
    assert_eq!(seen.len(), 2, "{seen:?}");
    Ok(())
}
