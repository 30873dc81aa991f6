use super::*;
use crate::metainfo::sha1;
use crate::session::bits::selection;
use crate::session::testing::Sample;

struct Fixture {
    dir: tempfile::TempDir,
    sample: Sample,
    pool: Arc<Pool>,
}

impl Fixture {
    fn new(piece: u32, files: &[(&str, u64)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, sample: Sample::new("T", piece, files), pool: Arc::new(Pool::new(2)) }
    }

    fn save(&self) -> PathBuf {
        self.dir.path().join("save")
    }

    fn parts(&self) -> PathBuf {
        self.dir.path().join("parts")
    }

    fn try_open(&self, selected: Option<&[usize]>, before: &[u32]) -> Result<Content> {
        let meta = Arc::clone(&self.sample.meta);
        let mut there = Bitfield::empty(meta.files.len() as u32);
        before.iter().for_each(|index| _ = there.set(*index, true));
        Content::open(Place {
            folder: Folder::create(&self.save()).unwrap(),
            parts: self.parts(),
            selected: selection(&meta, selected),
            before: there,
            pool: Arc::clone(&self.pool),
            run: 1,
            meta,
        })
    }

    fn open(&self, selected: Option<&[usize]>) -> Content {
        self.try_open(selected, &[]).unwrap()
    }

    /// Writes a piece as librqbit would: file by file.
    fn write_piece(&self, content: &Content, piece: u32) {
        let meta = &self.sample.meta;
        let start = u64::from(piece) * u64::from(meta.piece_bytes);
        let end = start + u64::from(meta.piece_len(piece));
        for index in meta.files_of(piece) {
            let file = &meta.files[index];
            let (from, to) = (start.max(file.offset), end.min(file.offset + file.bytes));
            let bytes = &self.sample.content[from as usize..to as usize];
            content.write(index, from - file.offset, bytes).unwrap();
        }
    }

    fn is_good(&self, content: &Content, piece: u32) -> bool {
        let mut buffer = Vec::new();
        content.read_piece(piece, &mut buffer).is_ok()
            && self.sample.meta.piece_hash(piece) == Some(&sha1(&buffer)[..])
    }

    fn adopt(&self, content: &Content) {
        let good =
            |piece, bytes: &[u8]| self.sample.meta.piece_hash(piece) == Some(&sha1(bytes)[..]);
        content.adopt_parts(&content.lengths().unwrap(), false, good).unwrap();
    }
}

#[test]
fn pieces_go_to_their_files() {
    let test = Fixture::new(16, &[("a", 40), ("d/b", 8), ("e", 0), ("d/c", 5)]);
    let content = test.open(None);
    assert!(!content.has_data());
    for piece in [3, 0, 2, 1] {
        assert!(!test.is_good(&content, piece));
        test.write_piece(&content, piece);
        assert!(test.is_good(&content, piece));
    }
    content.make_empty_files().unwrap();
    content.sync().unwrap();
    assert!(test.pool.len() <= 2);
    test.sample.assert_files(&test.save(), &[0, 1, 2, 3]);
    assert!(!test.parts().exists());
}

#[test]
fn unwanted_files_are_not_made_and_their_pieces_are_kept() {
    let test = Fixture::new(16, &[("a", 10), ("b", 30), ("c", 24)]);
    let content = test.open(Some(&[0]));
    test.write_piece(&content, 0);
    assert!(test.is_good(&content, 0));
    content.sync().unwrap();
    test.sample.assert_files(&test.save(), &[0]);
    assert!(!content.is_present(1, &content.lengths().unwrap()));

    // Wanted later: what is in the part comes along.
    let content = test.open(Some(&[0, 1]));
    test.adopt(&content);
    assert!(test.is_good(&content, 0));
    test.write_piece(&content, 1);
    test.write_piece(&content, 2);
    assert!(content.is_present(2, &content.lengths().unwrap()));
    test.sample.assert_files(&test.save(), &[0, 1]);
    assert_eq!(list_parts(&test.parts()), BTreeSet::from([2]), "0 is whole, 2 reaches into c");

    // Wanted no more: it was made by us and is used on.
    let content = test.open(Some(&[2]));
    test.adopt(&content);
    assert!((0..3).all(|piece| test.is_good(&content, piece)));
    test.write_piece(&content, 3);
    test.sample.assert_files(&test.save(), &[0, 1, 2]);
    assert!(list_parts(&test.parts()).is_empty());
}

#[test]
fn files_that_were_there_before_are_read_but_not_written() {
    let test = Fixture::new(16, &[("a", 10), ("b", 30)]);
    let foreign = test.save().join("T/b");
    std::fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    std::fs::write(&foreign, test.sample.file(1)).unwrap();
    let content = test.try_open(Some(&[0]), &[1]).unwrap();
    assert!(test.is_good(&content, 1), "whole pieces of it can be shared");
    std::fs::write(&foreign, "something else of the user").unwrap();
    test.write_piece(&content, 0);
    assert!(test.is_good(&content, 0));
    assert_eq!(std::fs::read(&foreign).unwrap(), b"something else of the user");
    // Wanted after all: then it is the torrent's.
    let content = test.try_open(None, &[1]).unwrap();
    test.adopt(&content);
    test.write_piece(&content, 1);
    test.write_piece(&content, 2);
    test.sample.assert_files(&test.save(), &[0, 1]);
}

#[test]
fn a_damaged_part_is_dropped() {
    let test = Fixture::new(16, &[("a", 10), ("b", 30)]);
    test.write_piece(&test.open(Some(&[0])), 0);
    test.pool.close(1);
    for damage in [&b"short"[..], &[0; 16]] {
        std::fs::write(test.parts().join("0"), damage).unwrap();
        let content = test.open(None);
        test.adopt(&content);
        assert!(list_parts(&test.parts()).is_empty());
        test.sample.assert_files(&test.save(), &[0]);
        std::fs::create_dir_all(test.parts()).unwrap();
    }
}

#[test]
fn padding_is_zeros_and_never_written() {
    let mut bytes = vec![7; 16];
    bytes[10..].fill(0);
    bytes.extend([9; 16]);
    let files = [("a", 10), (".pad/6", 6), ("b", 16)];
    let test = Fixture {
        sample: Sample::with_content(b"T", 16, &files, bytes),
        ..Fixture::new(16, &[("a", 1)])
    };
    let content = test.open(None);
    test.write_piece(&content, 0);
    test.write_piece(&content, 1);
    assert!(test.is_good(&content, 0) && test.is_good(&content, 1));
    test.sample.assert_files(&test.save(), &[0, 2]);
}

#[test]
fn what_is_missing_or_short_is_noticed() {
    let test = Fixture::new(16, &[("a", 40), ("b", 24)]);
    test.sample.write(&test.save());
    let path = test.save().join("T/a");
    File::options().write(true).open(&path).unwrap().set_len(20).unwrap();
    let content = test.open(None);
    let lengths = content.lengths().unwrap();
    let present: Vec<_> = (0..4).map(|piece| content.is_present(piece, &lengths)).collect();
    assert_eq!(present, [true, false, false, true]);
    std::fs::remove_file(test.save().join("T/b")).unwrap();
    let lengths = test.open(None).lengths().unwrap();
    assert!(!content.is_present(3, &lengths) && content.is_present(0, &lengths));
}

#[test]
fn a_longer_file_is_cut_when_it_is_written() {
    let test = Fixture::new(16, &[("a", 20)]);
    std::fs::create_dir_all(test.save().join("T")).unwrap();
    std::fs::write(test.save().join("T/a"), [1; 100]).unwrap();
    let content = test.open(None);
    test.write_piece(&content, 0);
    test.write_piece(&content, 1);
    test.sample.assert_files(&test.save(), &[0]);
}

#[test]
fn a_file_that_vanished_is_not_made_anew() {
    let test = Fixture::new(16, &[("a", 32)]);
    let content = test.open(None);
    test.write_piece(&content, 0);
    test.pool.close(1);
    std::fs::remove_file(test.save().join("T/a")).unwrap();
    let fault = content.write(0, 16, &[1; 16]).unwrap_err();
    assert!(fault.is_missing());
    assert!(matches!(Error::from(content.note(fault)), Error::Io { .. }));
    match content.failure() {
        Some(Error::Io { path, .. }) => assert_eq!(path, Some(test.save().join("T/a"))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn behind_the_closed_gate_nothing_happens() {
    let test = Fixture::new(16, &[("a", 32)]);
    let content = test.open(None);
    test.write_piece(&content, 0);
    content.close();
    assert_eq!(test.pool.len(), 0);
    assert!(matches!(content.write(0, 0, &[1]), Err(Fault::Stopped)));
    assert!(matches!(content.read(0, 0, &mut [1]), Err(Fault::Stopped)));
    assert!(content.sync().is_ok(), "what was written can still be saved");
}

#[cfg(unix)]
#[test]
fn links_in_the_way_are_refused() {
    let test = Fixture::new(16, &[("a", 16), ("d/b", 16)]);
    std::fs::create_dir_all(test.save().join("T")).unwrap();
    std::os::unix::fs::symlink(test.dir.path(), test.save().join("T/d")).unwrap();
    match test.try_open(None, &[]) {
        Err(Error::Io { message, .. }) => assert!(message.contains("symbolic link"), "{message}"),
        other => panic!("{:?}", other.err()),
    }
    // In the way of an unwanted file it does not matter, and is not used either.
    let content = test.open(Some(&[0]));
    test.write_piece(&content, 0);
    assert!(content.read(1, 0, &mut [0; 16]).is_err());
    assert!(!test.dir.path().join("b").exists());
}
