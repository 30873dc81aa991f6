//! The tasks of this repository.

fn main() -> std::io::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../extension/lib/protocol/generated.ts");
    std::fs::write(path, torrpeddo_protocol::typescript::generate())
}
