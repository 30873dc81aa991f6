//! Command lines by which Windows starts this program: a value of the registry is ours when it is
//! one of them.

use std::path::PathBuf;

/// The one that starts `binary`. No path has quotes in it.
pub(crate) fn of(binary: &str, arguments: &str) -> String {
    format!("\"{binary}\" {arguments}")
}

/// The program that a command line of ours with these arguments starts; `None` where somebody else
/// wrote it.
pub(crate) fn program(line: &str, arguments: &str) -> Option<PathBuf> {
    let (program, rest) = line.strip_prefix('"')?.split_once('"')?;
    let name = program.rsplit(['\\', '/']).next()?.to_lowercase();
    let is_ours = ["torrpeddo", "torrpeddo.exe"].contains(&name.as_str());
    (is_ours && rest.strip_prefix(' ') == Some(arguments)).then(|| program.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_of_ours_is_known() {
        let binary = r"C:\Program Files\Torrpeddo\torrpeddo.exe";
        let line = of(binary, "engine");
        assert_eq!(line, r#""C:\Program Files\Torrpeddo\torrpeddo.exe" engine"#);
        assert_eq!(program(&line, "engine"), Some(binary.into()));
        for other in [
            r#""C:\other.exe" engine"#,
            r#""C:\torrpeddo.exe" engine --more"#,
            r#""C:\torrpeddo.exe"engine"#,
            r"C:\torrpeddo.exe engine",
            "",
        ] {
            assert_eq!(program(other, "engine"), None, "{other}");
        }
    }
}
