//! Every browser, as data. A row is added here and nowhere else.
//!
//! Tried with real browsers: Firefox and Chromium on Linux. The others are gathered from what the
//! installers of other native hosts write. The Tor Browser is left out on purpose: nobody who uses
//! it wants to be told from others by what is installed.

use super::{Browser, Family, Folder, Location, Place, Sandbox, Scope};
use crate::environment::{Base, System};

/// A folder of manifests, and what shows that its browser is there: for the user what the browser
/// makes at its first start, for everybody where it is installed. Never a folder that a package of
/// ours makes.
macro_rules! folder {
    ($system:ident $scope:ident, $base:ident $path:expr, $($sign_base:ident $sign:expr),+) => {
        Place {
            system: System::$system,
            scope: Scope::$scope,
            location: Location::Folder(Folder(Base::$base, $path)),
            signs: &[$(Folder(Base::$sign_base, $sign)),+],
            sandbox: None,
        }
    };
}

/// The user's folder of a browser of Chromium's family, with the manifests in it.
macro_rules! linux_profile {
    ($path:literal) => {
        folder!(Linux User, Config concat!($path, "/NativeMessagingHosts"), Config $path)
    };
}

/// The same on macOS.
macro_rules! mac_profile {
    ($path:literal) => {
        mac!($path, $path)
    };
}

/// A folder for the user on macOS: whose manifests it reads, and its own.
macro_rules! mac {
    ($path:literal, $sign:literal) => {
        folder!(
            Macos User,
            Home concat!("Library/Application Support/", $path, "/NativeMessagingHosts"),
            Home concat!("Library/Application Support/", $sign)
        )
    };
}

/// A folder for everybody on macOS, and the application.
macro_rules! mac_system {
    ($path:literal, $application:literal) => {
        folder!(
            Macos System,
            Root concat!("Library/", $path, "/NativeMessagingHosts"),
            Root concat!("Applications/", $application, ".app")
        )
    };
}

/// A key of the Windows registry, for the user and for everybody, and what each shows the browser
/// by. `$name` is the folder of its manifest in ours.
macro_rules! windows {
    ($scope:ident, $key:literal, $name:literal, $($sign_base:ident $sign:literal),+) => {
        Place {
            system: System::Windows,
            scope: Scope::$scope,
            location: Location::Registry {
                key: concat!($key, r"\NativeMessagingHosts"),
                folder: windows_folder!($scope $name),
            },
            signs: &[$(Folder(Base::$sign_base, $sign)),+],
            sandbox: None,
        }
    };
}

macro_rules! windows_folder {
    (User $name:literal) => {
        Folder(Base::Local, concat!("Torrpeddo/NativeMessagingHosts/", $name))
    };
    (System $name:literal) => {
        Folder(Base::Root, concat!("ProgramData/Torrpeddo/NativeMessagingHosts/", $name))
    };
}

/// A place inside the folder that a Flatpak sees.
macro_rules! flatpak {
    ($id:literal, $path:literal) => {
        Place {
            sandbox: Some(Sandbox::Flatpak($id)),
            ..folder!(Linux User, Home concat!(".var/app/", $id, "/", $path), Home concat!(".var/app/", $id))
        }
    };
}

const FIREFOX: &str = ".mozilla/native-messaging-hosts";
const FIREFOX_SYSTEM: &str = "usr/lib/mozilla/native-messaging-hosts";
const FIREFOX_SYSTEM_64: &str = "usr/lib64/mozilla/native-messaging-hosts";
const CHROME_SYSTEM: &str = "etc/opt/chrome/native-messaging-hosts";
const EDGE_SYSTEM: &str = "etc/opt/edge/native-messaging-hosts";
const VIVALDI_SYSTEM: &str = "etc/opt/vivaldi/native-messaging-hosts";

const fn firefox(name: &'static str, title: &'static str, places: &'static [Place]) -> Browser {
    Browser { name, title, family: Family::Firefox, places }
}

const fn chromium(name: &'static str, title: &'static str, places: &'static [Place]) -> Browser {
    Browser { name, title, family: Family::Chromium, places }
}

/// Every browser.
pub const ALL: &[Browser] = &[
    firefox(
        "firefox",
        "Firefox",
        &[
            // Always read from here, also where the profiles are under ~/.config by now.
            folder!(Linux User, Home FIREFOX, Home ".mozilla", Config "mozilla"),
            // The portal reads the ordinary manifest on behalf of the Snap.
            Place {
                sandbox: Some(Sandbox::SnapWithPortal("firefox")),
                ..folder!(Linux User, Home FIREFOX, Home "snap/firefox")
            },
            flatpak!("org.mozilla.firefox", ".mozilla/native-messaging-hosts"),
            folder!(
                Linux System, Root FIREFOX_SYSTEM,
                Root "usr/bin/firefox", Root "usr/bin/firefox-esr", Root "usr/lib/firefox"
            ),
            folder!(Linux System, Root FIREFOX_SYSTEM_64, Root "usr/lib64/firefox"),
            folder!(
                Macos User, Home "Library/Application Support/Mozilla/NativeMessagingHosts",
                Home "Library/Application Support/Firefox", Home "Library/Application Support/Mozilla"
            ),
            mac_system!("Application Support/Mozilla", "Firefox"),
            windows!(User, "Mozilla", "firefox", Config "Mozilla/Firefox"),
            windows!(System, "Mozilla", "firefox", Root "Program Files/Mozilla Firefox"),
        ],
    ),
    firefox(
        "librewolf",
        "LibreWolf",
        &[
            folder!(Linux User, Home ".librewolf/native-messaging-hosts", Home ".librewolf", Config "librewolf"),
            flatpak!("io.gitlab.librewolf-community", ".librewolf/native-messaging-hosts"),
            folder!(
                Linux System, Root "usr/lib/librewolf/native-messaging-hosts",
                Root "usr/share/librewolf", Root "usr/bin/librewolf"
            ),
            mac_profile!("LibreWolf"),
            windows!(User, "Mozilla", "firefox", Config "librewolf"),
            windows!(System, "Mozilla", "firefox", Root "Program Files/LibreWolf"),
        ],
    ),
    firefox(
        "waterfox",
        "Waterfox",
        &[
            folder!(Linux User, Home ".waterfox/native-messaging-hosts", Home ".waterfox"),
            flatpak!("net.waterfox.waterfox", ".waterfox/native-messaging-hosts"),
            folder!(
                Linux System, Root "usr/lib/waterfox/native-messaging-hosts",
                Root "opt/waterfox", Root "usr/bin/waterfox"
            ),
            mac!("Mozilla", "Waterfox"),
            windows!(User, "Mozilla", "firefox", Config "Waterfox"),
            windows!(System, "Mozilla", "firefox", Root "Program Files/Waterfox"),
        ],
    ),
    firefox(
        "zen",
        "Zen",
        &[
            // Not ~/.zen, which holds its profiles only.
            folder!(Linux User, Home FIREFOX, Home ".zen", Config "zen"),
            flatpak!("app.zen_browser.zen", ".mozilla/native-messaging-hosts"),
            folder!(Linux System, Root FIREFOX_SYSTEM, Root "opt/zen-browser-bin", Root "usr/bin/zen-browser"),
            mac_profile!("Zen"),
            windows!(User, "Mozilla", "firefox", Config "zen"),
            windows!(System, "Mozilla", "firefox", Root "Program Files/Zen Browser"),
        ],
    ),
    chromium(
        "chrome",
        "Google Chrome",
        &[
            linux_profile!("google-chrome"),
            flatpak!("com.google.Chrome", "config/google-chrome/NativeMessagingHosts"),
            folder!(Linux System, Root CHROME_SYSTEM, Root "opt/google/chrome"),
            mac_profile!("Google/Chrome"),
            mac_system!("Google/Chrome", "Google Chrome"),
            windows!(User, r"Google\Chrome", "chrome", Local "Google/Chrome/User Data"),
            windows!(
                System, r"Google\Chrome", "chrome",
                Root "Program Files/Google/Chrome", Root "Program Files (x86)/Google/Chrome"
            ),
        ],
    ),
    chromium(
        "chrome-beta",
        "Chrome Beta",
        &[
            linux_profile!("google-chrome-beta"),
            folder!(Linux System, Root CHROME_SYSTEM, Root "opt/google/chrome-beta"),
            mac_profile!("Google/Chrome Beta"),
            windows!(User, r"Google\Chrome", "chrome", Local "Google/Chrome Beta/User Data"),
            windows!(System, r"Google\Chrome", "chrome", Root "Program Files/Google/Chrome Beta"),
        ],
    ),
    chromium(
        "chrome-dev",
        "Chrome Dev",
        &[
            linux_profile!("google-chrome-unstable"),
            flatpak!("com.google.ChromeDev", "config/google-chrome-unstable/NativeMessagingHosts"),
            folder!(Linux System, Root CHROME_SYSTEM, Root "opt/google/chrome-unstable"),
            mac_profile!("Google/Chrome Dev"),
            windows!(User, r"Google\Chrome", "chrome", Local "Google/Chrome Dev/User Data"),
            windows!(System, r"Google\Chrome", "chrome", Root "Program Files/Google/Chrome Dev"),
        ],
    ),
    chromium(
        "chrome-canary",
        "Chrome Canary",
        &[
            linux_profile!("google-chrome-canary"),
            folder!(Linux System, Root CHROME_SYSTEM, Root "opt/google/chrome-canary"),
            mac_profile!("Google/Chrome Canary"),
            windows!(User, r"Google\Chrome", "chrome", Local "Google/Chrome SxS/User Data"),
        ],
    ),
    chromium(
        "chrome-for-testing",
        "Chrome for Testing",
        &[
            linux_profile!("google-chrome-for-testing"),
            folder!(
                Linux System, Root "etc/opt/chrome_for_testing/native-messaging-hosts",
                Root "opt/google/chrome-for-testing"
            ),
            mac_profile!("Google/ChromeForTesting"),
            windows!(
                User, r"Google\Chrome for Testing", "chrome-for-testing",
                Local "Google/Chrome for Testing/User Data"
            ),
        ],
    ),
    chromium(
        "chromium",
        "Chromium",
        &[
            linux_profile!("chromium"),
            Place {
                sandbox: Some(Sandbox::SnapWithout("chromium")),
                ..folder!(
                    Linux User, Home "snap/chromium/common/chromium/NativeMessagingHosts",
                    Home "snap/chromium"
                )
            },
            flatpak!("org.chromium.Chromium", "config/chromium/NativeMessagingHosts"),
            flatpak!(
                "io.github.ungoogled_software.ungoogled_chromium",
                "config/chromium/NativeMessagingHosts"
            ),
            folder!(
                Linux System, Root "etc/chromium/native-messaging-hosts",
                Root "usr/bin/chromium", Root "usr/bin/chromium-browser"
            ),
            mac_profile!("Chromium"),
            mac_system!("Application Support/Chromium", "Chromium"),
            windows!(User, "Chromium", "chromium", Local "Chromium/User Data"),
            windows!(System, "Chromium", "chromium", Root "Program Files/Chromium"),
        ],
    ),
    chromium(
        "edge",
        "Microsoft Edge",
        &[
            linux_profile!("microsoft-edge"),
            flatpak!("com.microsoft.Edge", "config/microsoft-edge/NativeMessagingHosts"),
            folder!(Linux System, Root EDGE_SYSTEM, Root "opt/microsoft/msedge"),
            mac_profile!("Microsoft Edge"),
            mac_system!("Microsoft/Edge", "Microsoft Edge"),
            windows!(User, r"Microsoft\Edge", "edge", Local "Microsoft/Edge/User Data"),
            windows!(System, r"Microsoft\Edge", "edge", Root "Program Files (x86)/Microsoft/Edge"),
        ],
    ),
    chromium(
        "edge-beta",
        "Edge Beta",
        &[
            linux_profile!("microsoft-edge-beta"),
            folder!(Linux System, Root EDGE_SYSTEM, Root "opt/microsoft/msedge-beta"),
            mac_profile!("Microsoft Edge Beta"),
            windows!(User, r"Microsoft\Edge", "edge", Local "Microsoft/Edge Beta/User Data"),
        ],
    ),
    chromium(
        "edge-dev",
        "Edge Dev",
        &[
            linux_profile!("microsoft-edge-dev"),
            folder!(Linux System, Root EDGE_SYSTEM, Root "opt/microsoft/msedge-dev"),
            mac_profile!("Microsoft Edge Dev"),
            windows!(User, r"Microsoft\Edge", "edge", Local "Microsoft/Edge Dev/User Data"),
        ],
    ),
    chromium(
        "edge-canary",
        "Edge Canary",
        &[
            mac_profile!("Microsoft Edge Canary"),
            windows!(User, r"Microsoft\Edge", "edge", Local "Microsoft/Edge SxS/User Data"),
        ],
    ),
    chromium(
        "brave",
        "Brave",
        &[
            linux_profile!("BraveSoftware/Brave-Browser"),
            flatpak!(
                "com.brave.Browser",
                "config/BraveSoftware/Brave-Browser/NativeMessagingHosts"
            ),
            Place {
                sandbox: Some(Sandbox::SnapWithout("brave")),
                ..folder!(
                    Linux User,
                    Home "snap/brave/current/.config/BraveSoftware/Brave-Browser/NativeMessagingHosts",
                    Home "snap/brave"
                )
            },
            folder!(Linux System, Root CHROME_SYSTEM, Root "opt/brave.com/brave"),
            mac_profile!("BraveSoftware/Brave-Browser"),
            // One of the two keys, depending on its version.
            windows!(
                User, r"BraveSoftware\Brave-Browser", "brave",
                Local "BraveSoftware/Brave-Browser/User Data"
            ),
            windows!(User, r"Google\Chrome", "chrome", Local "BraveSoftware/Brave-Browser/User Data"),
            windows!(
                System, r"BraveSoftware\Brave-Browser", "brave",
                Root "Program Files/BraveSoftware/Brave-Browser"
            ),
            windows!(System, r"Google\Chrome", "chrome", Root "Program Files/BraveSoftware/Brave-Browser"),
        ],
    ),
    chromium(
        "brave-beta",
        "Brave Beta",
        &[
            linux_profile!("BraveSoftware/Brave-Browser-Beta"),
            folder!(Linux System, Root CHROME_SYSTEM, Root "opt/brave.com/brave-beta"),
            mac_profile!("BraveSoftware/Brave-Browser-Beta"),
            windows!(User, r"Google\Chrome", "chrome", Local "BraveSoftware/Brave-Browser-Beta/User Data"),
        ],
    ),
    chromium(
        "brave-nightly",
        "Brave Nightly",
        &[
            linux_profile!("BraveSoftware/Brave-Browser-Nightly"),
            folder!(Linux System, Root CHROME_SYSTEM, Root "opt/brave.com/brave-nightly"),
            mac_profile!("BraveSoftware/Brave-Browser-Nightly"),
            windows!(
                User, r"Google\Chrome", "chrome", Local "BraveSoftware/Brave-Browser-Nightly/User Data"
            ),
        ],
    ),
    chromium(
        "vivaldi",
        "Vivaldi",
        &[
            linux_profile!("vivaldi"),
            flatpak!("com.vivaldi.Vivaldi", "config/vivaldi/NativeMessagingHosts"),
            folder!(Linux System, Root VIVALDI_SYSTEM, Root "opt/vivaldi"),
            mac_profile!("Vivaldi"),
            windows!(User, "Vivaldi", "vivaldi", Local "Vivaldi/User Data"),
            windows!(User, r"Google\Chrome", "chrome", Local "Vivaldi/User Data"),
        ],
    ),
    chromium(
        "vivaldi-snapshot",
        "Vivaldi Snapshot",
        &[
            linux_profile!("vivaldi-snapshot"),
            folder!(Linux System, Root VIVALDI_SYSTEM, Root "opt/vivaldi-snapshot"),
            mac_profile!("Vivaldi Snapshot"),
        ],
    ),
    chromium(
        "opera",
        "Opera",
        &[
            linux_profile!("opera"),
            flatpak!("com.opera.Opera", "config/opera/NativeMessagingHosts"),
            mac_profile!("com.operasoftware.Opera"),
            windows!(User, "Opera Software", "opera", Config "Opera Software/Opera Stable"),
            windows!(User, r"Google\Chrome", "chrome", Config "Opera Software/Opera Stable"),
        ],
    ),
    chromium(
        "arc",
        "Arc",
        &[
            mac!("Arc/User Data", "Arc"),
            windows!(User, r"Google\Chrome", "chrome", Local "Packages/TheBrowserCompany.Arc_ttt1ap7aakyb4"),
        ],
    ),
];
