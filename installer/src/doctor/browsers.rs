//! Whether each browser finds Torrpeddo.

use torrpeddo_protocol::model::Level;

use super::{Diagnosis, Fix, finding, is_executable, with_remedy};
use crate::browsers::{self, Browser, Place, Sandbox, Scope};
use crate::environment::Environment;
use crate::manifest::{Found, Manifest};
use crate::package::Package;
use crate::registration::Registration;
use crate::sandbox::{self, PortalPermission};

/// Looks at every browser that is there. `permissions` is what the desktop's portal was told, where
/// that could be asked.
pub(super) fn examine(environment: &Environment, permissions: Option<&str>) -> Vec<Diagnosis> {
    let mut diagnoses = Vec::new();
    for browser in browsers::ALL {
        for copy in Copy::all(environment, browser) {
            diagnoses.push(copy.examine(permissions));
        }
    }
    if diagnoses.is_empty() {
        return vec![Diagnosis::from(with_remedy(
            finding("browsers", Level::Warning, "No browser was found for this user."),
            "Start your browser once, then run `torrpeddo install`.",
        ))];
    }
    // Somebody who uses one browser need not set up the others.
    if diagnoses.iter().any(|diagnosis| diagnosis.finding.level == Level::Ok) {
        for diagnosis in diagnoses.iter_mut().filter(|diagnosis| diagnosis.not_set_up) {
            diagnosis.finding.level = Level::Warning;
        }
    }
    diagnoses
}

/// A browser as it is installed: plainly, or as a Snap or a Flatpak.
struct Copy<'a> {
    environment: &'a Environment,
    browser: &'static Browser,
    title: String,
    sandbox: Option<Sandbox>,
    /// Where it looks: the user's places first, as browsers do.
    places: Vec<&'static Place>,
}

impl<'a> Copy<'a> {
    /// Those of a browser that are there.
    fn all(environment: &'a Environment, browser: &'static Browser) -> Vec<Self> {
        let places: Vec<_> = [Scope::User, Scope::System]
            .into_iter()
            .flat_map(|scope| browser.places_in(environment, scope))
            .collect();
        let (confined, plain): (Vec<&Place>, Vec<&Place>) =
            places.into_iter().partition(|place| place.sandbox.is_some());
        let copy = |places: Vec<&'static Place>, sandbox: Option<Sandbox>| {
            let title = match sandbox {
                Some(Sandbox::Flatpak(_)) => format!("{} (Flatpak)", browser.title),
                Some(_) => format!("{} (Snap)", browser.title),
                None => browser.title.to_owned(),
            };
            Self { environment, browser, title, sandbox, places }
        };
        let confined = confined.into_iter().map(|place| copy(vec![place], place.sandbox));
        let mut copies: Vec<Self> =
            std::iter::once(copy(plain, None)).chain(confined).filter(Self::is_there).collect();
        // Such a Snap reads the manifest of the plain one, whose folder we make for it.
        let portal = |copy: &Self| matches!(copy.sandbox, Some(Sandbox::SnapWithPortal(_)));
        if copies.iter().any(portal) {
            copies.retain(|copy| copy.sandbox.is_some());
        }
        copies
    }

    /// Whether the user has used it, or everybody is told already. One that is merely installed
    /// nobody has to set up.
    fn is_there(&self) -> bool {
        let is_told = |place: &Place| {
            Registration::at(self.environment, self.browser.family, place).look() != Found::Nothing
        };
        self.places.iter().any(|place| {
            place.is_present(self.environment) && (place.scope == Scope::User || is_told(place))
        })
    }

    fn examine(&self, permissions: Option<&str>) -> Diagnosis {
        if let Some(Sandbox::SnapWithout(_)) = self.sandbox {
            return self
                .problem(sandbox::cannot_start(&self.title))
                .remedy(sandbox::take_another(self.browser.title))
                .not_set_up();
        }
        for place in &self.places {
            let registration = Registration::at(self.environment, self.browser.family, place);
            match registration.look() {
                Found::Nothing => {}
                Found::Ours(there, _) => {
                    return self.ours(place.scope, &registration, &there, permissions);
                }
                Found::NotOurs(reason) => {
                    let shown = registration.file.display();
                    return self
                        .problem(format!(
                            "{} reads {shown}, which is not ours: {reason}.",
                            self.title
                        ))
                        .remedy(format!("Move that file away, then: {}", self.again()));
                }
                Found::Unreadable(reason) => {
                    return self
                        .problem(format!(
                            "{} cannot be read: {reason}.",
                            registration.file.display()
                        ))
                        .remedy("Allow reading it, then run `torrpeddo doctor` again.");
                }
            }
        }
        self.problem(format!("{} does not know Torrpeddo.", self.title))
            .remedy(self.again())
            .fix(self.install())
            .not_set_up()
    }

    /// A manifest of ours is there.
    fn ours(
        &self,
        scope: Scope,
        registration: &Registration,
        there: &Manifest,
        permissions: Option<&str>,
    ) -> Diagnosis {
        let (title, shown) = (&self.title, registration.file.display());
        if !there.admits_us(self.browser.family) {
            return self
                .problem(format!("{shown} does not admit our extension."))
                .remedy(self.again())
                .fix(self.install());
        }
        let program = registration.leads_to(there);
        let named = program.display();
        if !program.is_absolute() || !program.exists() || !there.path.exists() {
            return self
                .problem(format!("{title} looks for Torrpeddo at {named}, where it is not."))
                .remedy(self.again())
                .fix(self.install());
        }
        if let Some(unusable) =
            [&program, &there.path].into_iter().find(|program| !is_executable(program))
        {
            let named = unusable.display();
            return self
                .problem(format!("{title} cannot run {named}."))
                .remedy(format!("Make it executable: chmod +x {named}"))
                .fix(Fix::MakeExecutable(unusable.clone()));
        }
        if program != self.environment.binary {
            // Not put right by itself: which of two installations is meant, only the user knows.
            let message = format!("{title} uses another installation: {named}.");
            return Diagnosis::from(with_remedy(
                finding(self.browser.name, Level::Warning, message),
                format!("To use this one: {}", self.again()),
            ));
        }
        match self.sandbox {
            Some(Sandbox::Flatpak(id)) if !sandbox::may_spawn(self.environment, id) => self
                .problem(format!("{title} may not start Torrpeddo from its sandbox."))
                .remedy(sandbox::allow(id))
                .not_set_up(),
            Some(Sandbox::SnapWithPortal(snap)) => self.portal(snap, permissions),
            _ => match Package::that_brought(self.environment, scope, &program) {
                Some(package) => {
                    let package = package.name();
                    self.well(format!(
                        "{title} knows Torrpeddo: {shown}, of the {package} package."
                    ))
                }
                None => self.well(format!("{title} knows Torrpeddo: {shown}.")),
            },
        }
    }

    /// A Snap that asks the desktop's portal.
    fn portal(&self, snap: &str, permissions: Option<&str>) -> Diagnosis {
        let title = &self.title;
        let permission = permissions.map(|listed| sandbox::read_permissions(listed, snap));
        match permission {
            Some(PortalPermission::Denied) => {
                let grant = sandbox::grant_arguments(snap);
                self.problem(format!("{title} was told never to start Torrpeddo."))
                    .remedy(format!("Allow it: flatpak {}", grant.join(" ")))
                    .fix(Fix::Flatpak(grant.to_vec()))
            }
            Some(PortalPermission::Granted) => {
                self.well(format!("{title} knows Torrpeddo, and may start it."))
            }
            Some(PortalPermission::Unset) | None => {
                self.well(format!("{title} knows Torrpeddo, and asks once whether to start it."))
            }
        }
    }

    fn again(&self) -> String {
        format!("Run `torrpeddo install --browser {}`.", self.browser.name)
    }

    fn install(&self) -> Fix {
        Fix::Install(self.browser.name)
    }

    fn well(&self, message: String) -> Diagnosis {
        finding(self.browser.name, Level::Ok, message).into()
    }

    fn problem(&self, message: String) -> Diagnosis {
        finding(self.browser.name, Level::Problem, message).into()
    }
}
