//! The torrents of the demo and who seeds them.

use crate::http::Server;
use crate::{Files, Seed, Seeder, magnets};

const MIB: usize = 1 << 20;

/// A torrent that the page offers.
#[derive(Debug)]
pub struct Offer {
    /// Its name.
    pub name: &'static str,
    /// A sentence about it.
    pub about: &'static str,
    /// Its files and their sizes; none when nobody has it.
    pub files: &'static [(&'static str, usize)],
    /// How fast it is seeded, in bytes per second.
    rate: u32,
}

/// The one that the demo clicks by itself.
const ALBUM: Offer = Offer {
    name: "Sounds of the harbour",
    about: "An album: four long recordings, a booklet and a cover.",
    files: &[
        ("01 Low tide.flac", 8 * MIB),
        ("02 Gulls at noon.flac", 7 * MIB),
        ("03 Rain on the quay.flac", 9 * MIB),
        ("04 The last ferry.flac", 11 * MIB),
        ("extras/booklet.pdf", MIB / 2),
        ("extras/cover.png", MIB / 4),
    ],
    rate: 3 << 20,
};

/// Names that are not ASCII, in scripts that every font has.
const PICTURES: Offer = Offer {
    name: "Ærø – Φάρος – Маяк",
    about: "A folder of pictures with names in three alphabets.",
    files: &[
        ("Größe/Leuchtturm.jpg", 2 * MIB),
        ("Εικόνες/φάρος.jpg", 3 * MIB),
        ("Фото/чайка.jpg", MIB + 7),
    ],
    rate: 0,
};

const CHARTS: Offer = Offer {
    name: "Sea charts of the north",
    about: "A dozen maps. Leave out what you do not need.",
    files: &[
        ("01 Skagerrak.pdf", 9 * MIB),
        ("02 Kattegat.pdf", 7 * MIB),
        ("03 Øresund.pdf", 5 * MIB),
        ("04 Bornholm.pdf", 6 * MIB),
        ("05 Gotland.pdf", 8 * MIB),
        ("06 Åland.pdf", 4 * MIB),
        ("07 Gulf of Finland.pdf", 9 * MIB),
        ("08 Gulf of Bothnia.pdf", 9 * MIB),
        ("09 Lofoten.pdf", 7 * MIB),
        ("10 Finnmark.pdf", 8 * MIB),
        ("11 Svalbard.pdf", 6 * MIB),
        ("12 Jan Mayen.pdf", 2 * MIB),
    ],
    rate: 3 << 19,
};

const IMAGE: Offer = Offer {
    name: "lighthouse-12.4-amd64.iso",
    about: "One large file. Pause it half-way, close the browser, come back.",
    files: &[("lighthouse-12.4-amd64.iso", 120 * MIB)],
    rate: 8 << 20,
};

const NOBODYS: Offer = Offer {
    name: "Foghorns 1958–1974",
    about: "Nobody has this one any more. It waits, and holds up nothing else.",
    files: &[],
    rate: 0,
};

/// The torrents, their seeders, and the page that links to them.
pub struct Swarm {
    /// Clicked by the demo itself.
    pub album: Seeder,
    /// Small and fast: complete within seconds.
    pub pictures: Seeder,
    /// Slow.
    pub charts: Seeder,
    /// Large.
    pub image: Seeder,
    server: Server,
}

impl Swarm {
    /// Starts all of it, on loopback.
    ///
    /// # Panics
    /// When a seeder does not start.
    #[must_use]
    pub fn start() -> Self {
        let server = Server::start();
        let (album, pictures, charts, image) = std::thread::scope(|scope| {
            let [album, pictures, charts, image] =
                [&ALBUM, &PICTURES, &CHARTS, &IMAGE].map(|offer| scope.spawn(|| seed(offer)));
            let started = |thread: std::thread::ScopedJoinHandle<'_, Seeder>| {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            (started(album), started(pictures), started(charts), started(image))
        });
        let swarm = Self { album, pictures, charts, image, server };
        let page = super::page::page(&[
            (&ALBUM, &swarm.album.magnet),
            (&PICTURES, &swarm.pictures.magnet),
            (&CHARTS, &swarm.charts.magnet),
            (&IMAGE, &swarm.image.magnet),
            (&NOBODYS, &swarm.nobodys()),
        ]);
        swarm.server.put("/", "text/html; charset=utf-8", page);
        swarm
    }

    /// The address of the page.
    #[must_use]
    pub fn page(&self) -> String {
        self.server.url("/")
    }

    /// A link to what nobody has.
    #[must_use]
    pub fn nobodys(&self) -> String {
        format!("{}&dn={}", magnets::dead(1958), NOBODYS.name.replace(' ', "%20"))
    }
}

fn seed(offer: &Offer) -> Seeder {
    let files = Files::new(offer.files.iter().copied());
    Seeder::start(Seed {
        name: offer.name,
        files,
        piece_bytes: 128 << 10,
        upload_limit: offer.rate,
    })
}
