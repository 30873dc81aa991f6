//! Torrents for tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::metainfo::{self, Metainfo};

/// A torrent of files whose content follows from their position, and the bytes that they have.
pub struct Sample {
    pub torrent: Vec<u8>,
    pub meta: Arc<Metainfo>,
    pub content: Vec<u8>,
}

impl Sample {
    pub fn new(name: &str, piece: u32, files: &[(&str, u64)]) -> Self {
        let total: u64 = files.iter().map(|(_, bytes)| bytes).sum();
        // A small generator: incompressible, and different for every torrent name.
        let mut state = name.bytes().fold(7u64, |state, b| state.wrapping_mul(31) + u64::from(b));
        let content: Vec<u8> = (0..total)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 32) as u8
            })
            .collect();
        Self::with_content(name.as_bytes(), piece, files, content)
    }

    /// One file of zeros, which costs nothing to make.
    pub fn zeros(name: &str, piece: u32, bytes: u64) -> Self {
        let hash = metainfo::sha1(&vec![0; piece as usize]);
        let hashes = hash.repeat((bytes / u64::from(piece)) as usize);
        Self::assemble(name.as_bytes(), piece, &[("0", bytes)], Vec::new(), hashes)
    }

    pub fn with_content(name: &[u8], piece: u32, files: &[(&str, u64)], content: Vec<u8>) -> Self {
        let hashes = content.chunks(piece as usize).flat_map(metainfo::sha1).collect();
        Self::assemble(name, piece, files, content, hashes)
    }

    fn assemble(
        name: &[u8],
        piece: u32,
        files: &[(&str, u64)],
        content: Vec<u8>,
        hashes: Vec<u8>,
    ) -> Self {
        let mut list = Vec::new();
        for (path, bytes) in files {
            let attributes = if path.starts_with(".pad") { "4:attr1:p" } else { "" };
            list.extend(format!("d{attributes}6:lengthi{bytes}e4:pathl").into_bytes());
            for part in path.split('/') {
                list.extend(format!("{}:{part}", part.len()).into_bytes());
            }
            list.extend(b"ee");
        }
        let info = [
            b"d5:filesl".to_vec(),
            list,
            format!("e4:name{}:", name.len()).into_bytes(),
            name.to_vec(),
            format!("12:piece lengthi{piece}e6:pieces{}:", hashes.len()).into_bytes(),
            hashes,
            b"e".to_vec(),
        ];
        let torrent = metainfo::torrent_from_info(&info.concat(), &[]);
        let meta = Arc::new(Metainfo::parse(&torrent).unwrap());
        Self { torrent, meta, content }
    }

    /// The bytes that a file must have.
    pub fn file(&self, index: usize) -> &[u8] {
        let file = &self.meta.files[index];
        &self.content[file.offset as usize..(file.offset + file.bytes) as usize]
    }

    /// Writes all files below a folder.
    pub fn write(&self, folder: &Path) {
        for (index, file) in self.meta.files.iter().enumerate().filter(|(_, f)| !f.padding) {
            let path = folder.join(&file.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, self.file(index)).unwrap();
        }
    }

    /// Whether these files are there with the right content, and nothing else is.
    pub fn assert_files(&self, folder: &Path, expected: &[usize]) {
        let mut found = Vec::new();
        walk(folder, &mut found);
        let mut paths: Vec<PathBuf> =
            expected.iter().map(|index| folder.join(&self.meta.files[*index].path)).collect();
        paths.sort();
        found.sort();
        assert_eq!(found, paths);
        for index in expected {
            let path = folder.join(&self.meta.files[*index].path);
            assert!(std::fs::read(&path).unwrap() == self.file(*index), "{path:?} differs");
        }
    }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

/// A torrent of which only the layout matters.
pub fn meta(piece: u32, files: &[(&str, u64)]) -> Arc<Metainfo> {
    Sample::new("T", piece, files).meta
}
