//! Which files are made, trusted and refused.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn unwanted_files_are_not_made_and_can_be_wanted_later() {
    // Every border between files lies inside a piece.
    let sample = Sample::new("chosen", 16384, &[("a", 40_000), ("b", 100_000), ("c", 30_000)]);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    // What makes no sense in a selection does no harm.
    node.run(&sample, Some(&[1, 1, 99]), &[&seed]).await;
    let stats = node.finished(&sample).await;
    assert_eq!(stats.done_bytes, 100_000);
    let have = node.have(&sample);
    assert!(have > 100_000, "parts of the neighbours came with it");
    sample.assert_files(&node.save(), &[1]);
    node.halt(&sample).await;

    node.run(&sample, None, &[&seed]).await;
    let rest = node.finished(&sample).await;
    assert_eq!(rest.fetched, 170_000 - have, "nothing twice");
    sample.assert_files(&node.save(), &[0, 1, 2]);
    node.halt(&sample).await;

    // Everything is there, and a full check agrees.
    let spec = RunSpec { verify: Verify::Full, ..node.spec(&sample, Some(&[0]), &[]) };
    node.session.run(spec).await.unwrap();
    let stats = node.finished(&sample).await;
    assert_eq!((stats.done_bytes, node.have(&sample), stats.fetched), (40_000, 170_000, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_file_is_fetched_again_and_nothing_else() {
    let sample = Sample::new("missing", 16384, &[("a", 5 * 16384), ("b", 5 * 16384)]);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    node.run(&sample, None, &[&seed]).await;
    node.finished(&sample).await;
    node.halt(&sample).await;
    std::fs::remove_file(node.save().join("missing/b")).unwrap();
    let file = std::fs::File::options().write(true).open(node.save().join("missing/a")).unwrap();
    file.set_len(4 * 16384 + 1).unwrap();
    node.run(&sample, None, &[&seed]).await;
    assert_eq!(node.finished(&sample).await.fetched, 6 * 16384);
    sample.assert_files(&node.save(), &[0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_check_finds_damage() {
    let sample = Sample::new("damaged", 16384, &[("a", 5 * 16384)]);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    sample.write(&node.save());
    let mut bytes = sample.file(0).to_vec();
    bytes[20_000] ^= 1;
    std::fs::write(node.save().join("damaged/a"), bytes).unwrap();
    let spec = RunSpec { verify: Verify::Full, ..node.spec(&sample, None, &[&seed]) };
    node.session.run(spec).await.unwrap();
    assert_eq!(node.finished(&sample).await.fetched, 16384);
    sample.assert_files(&node.save(), &[0]);
    let id = sample.meta.info_hash;
    assert_eq!(node.session.created_files(id), [] as [usize; 0], "the user had it before");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_the_user_are_told_from_ours() {
    let sample = Sample::new("mine", 16384, &[("a", 16384), ("b", 16384)]);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    std::fs::create_dir_all(node.save().join("mine")).unwrap();
    std::fs::write(node.save().join("mine/a"), "older").unwrap();
    let id = sample.meta.info_hash;
    for _ in 0..2 {
        node.run(&sample, None, &[&seed]).await;
        node.finished(&sample).await;
        node.halt(&sample).await;
        assert_eq!(node.session.created_files(id), [1]);
    }
    node.session.forget(id);
    assert_eq!(node.session.created_files(id), [] as [usize; 0]);
    assert_eq!(node.session.verified(id, 2), None);
    assert_eq!(std::fs::read_dir(node.dir.path().join("pieces")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_is_told() {
    let sample = Sample::new("blocked", 16384, &[("a", 16384)]);
    let node = Node::new().await;
    std::fs::create_dir_all(node.save()).unwrap();
    std::fs::write(node.save().join("blocked"), "a file where the folder should be").unwrap();
    match node.session.run(node.spec(&sample, None, &[])).await {
        Err(Error::Io { path, .. }) => assert_eq!(path, Some(node.save().join("blocked/a"))),
        other => panic!("{other:?}"),
    }
    assert!(node.session.stats(sample.meta.info_hash).is_none());
    // The way is free: it runs.
    std::fs::remove_file(node.save().join("blocked")).unwrap();
    node.run(&sample, None, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_is_not_made_anew() {
    let sample = Sample::new("gone", 16384, &[("a", 16384)]);
    let node = Node::seed(&sample).await;
    node.halt(&sample).await;
    std::fs::rename(node.save(), node.dir.path().join("unmounted")).unwrap();
    let failed = node.session.run(node.spec(&sample, None, &[])).await;
    assert!(matches!(failed, Err(Error::Io { .. })), "{failed:?}");
    assert!(!node.save().exists());
    std::fs::rename(node.dir.path().join("unmounted"), node.save()).unwrap();
    node.run(&sample, None, &[]).await;
    assert_eq!(node.finished(&sample).await.fetched, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_error_while_it_runs_is_told_in_full() {
    let sample = Sample::new("error", 16384, &[("a", 4 * 16384), ("b", 4 * 16384)]);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    // A folder in place of the second file, put there after the first look.
    let run = Run::open(node.spec(&sample, None, &[&seed]), 1, &node.session.0.shared).unwrap();
    std::fs::create_dir_all(node.save().join("error/b")).unwrap();
    let run = Arc::new(run);
    node.session.0.runs.lock().by_id.insert(sample.meta.info_hash, Arc::clone(&run));
    run.drive(
        node.session.swarm().await.unwrap(),
        node.session.backend().await.unwrap(),
        Arc::clone(&node.session.0.shared),
    );
    match node.failed(&sample).await {
        Error::Io { path, reason, .. } => {
            assert_eq!(path, Some(node.save().join("error/b")));
            assert!(reason.contains("irectory"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    let halted = node.halt(&sample).await;
    // What was verified stays verified.
    std::fs::remove_dir(node.save().join("error/b")).unwrap();
    node.run(&sample, None, &[&seed]).await;
    let stats = node.finished(&sample).await;
    assert_eq!(stats.fetched, 8 * 16384 - halted.done_bytes.unwrap_or(0));
    sample.assert_files(&node.save(), &[0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_need_few_descriptors() {
    let names: Vec<String> = (0..600).map(|n| format!("d{}/{n}", n % 7)).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), 200)).collect();
    let sample = Sample::new("files", 16384, &files);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    node.run(&sample, None, &[&seed]).await;
    node.finished(&sample).await;
    assert!(node.session.0.shared.pool.len() <= OPEN_FILES);
    sample.assert_files(&node.save(), &(0..600).collect::<Vec<_>>());
}
