//! Installer.
