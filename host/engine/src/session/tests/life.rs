//! From the link to the files, with stops in between.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_link_becomes_files() {
    let sample =
        Sample::new("Ünïcödé", 32768, &[("a.bin", 100_000), ("d/é 日本.txt", 70_000), ("e", 0)]);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    assert_eq!(node.session.listen_port(), None, "nothing is opened before it is needed");
    let link = format!("magnet:?xt=urn:btih:{}&x.pe={}", sample.meta.info_hash, seed.address());
    let magnet = Magnet::parse(&link).unwrap();
    let torrent = node.session.resolve(&magnet, DEADLINE).await.unwrap();
    assert_eq!(Metainfo::parse(&torrent).unwrap(), *sample.meta);

    node.run(&sample, None, &[&seed]).await;
    let stats = node.finished(&sample).await;
    assert_eq!((stats.done_bytes, node.have(&sample)), (170_000, 170_000));
    assert!(stats.fetched >= 170_000);
    sample.assert_files(&node.save(), &[0, 1, 2]);
    let id = sample.meta.info_hash;
    assert_eq!(node.session.file_progress(id).unwrap(), [100_000, 70_000, 0]);
    assert_eq!(node.session.created_files(id), [0, 1, 2]);
    let halted = node.halt(&sample).await;
    assert_eq!(halted.done_bytes, Some(170_000));
    assert!(node.session.stats(id).is_none());
    assert_eq!(node.session.halt(id).await.unwrap(), None);
    assert!(seed.halt(&sample).await.uploaded >= 170_000);
}

/// The first file is there for the taking, the second only later.
async fn half_way(sample: &Sample) -> (Node, Node) {
    let first = Node::new().await;
    let path = first.save().join(&sample.meta.files[0].path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, sample.file(0)).unwrap();
    first.run(sample, None, &[]).await;
    first.done(sample, sample.meta.files[0].bytes).await;
    let node = Node::new().await;
    node.run(sample, None, &[&first]).await;
    node.done(sample, sample.meta.files[0].bytes).await;
    (node, first)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_download_goes_on_from_its_pieces() {
    let sample = Sample::new("half", 16384, &[("a", 10 * 16384), ("b", 10 * 16384)]);
    let (node, _first) = half_way(&sample).await;
    let halted = node.halt(&sample).await;
    assert_eq!(halted.done_bytes, Some(10 * 16384));

    // Another boot: only what is recorded counts.
    let node = node.restarted("another boot").await;
    let saved = node.session.saved_progress(&sample.meta, sample.meta.info_hash, None);
    assert_eq!(saved.per_file, [10 * 16384, 0]);
    let seed = Node::seed(&sample).await;
    node.run(&sample, None, &[&seed]).await;
    let stats = node.finished(&sample).await;
    assert_eq!(stats.fetched, 10 * 16384, "nothing twice");
    sample.assert_files(&node.save(), &[0, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_loses_no_piece() {
    let sample = Sample::new("killed", 16384, &[("a", 5 * 16384), ("b", 5 * 16384)]);
    let (node, _first) = half_way(&sample).await;
    // Nothing was saved in between, and nothing is told that the session is gone.
    let records = Records::open(&node.dir.path().join("pieces"), "boot").unwrap();
    let saved = records.load(sample.meta.info_hash, 10).unwrap();
    assert_eq!(saved.bits.ones(), 5);
    let later = Session::start(config(&node.dir, "boot")).await.unwrap();
    let spec = RunSpec { peers: Vec::new(), ..node.spec(&sample, None, &[]) };
    later.run(spec).await.unwrap();
    until(|| (later.stats(sample.meta.info_hash)?.done_bytes == 5 * 16384).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pieces_are_recorded_while_it_runs() {
    let sample = Sample::new("recorded", 16384, &[("a", 5 * 16384), ("b", 5 * 16384)]);
    let (node, _first) = half_way(&sample).await;
    let records = Records::open(&node.dir.path().join("pieces"), "another boot").unwrap();
    until(|| (records.load(sample.meta.info_hash, 10)?.bits.ones() == 5).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checking_can_be_stopped_at_once() {
    let sample = Sample::zeros("zeros", 1 << 20, 1 << 30);
    let node = Node::new().await;
    std::fs::create_dir_all(node.save().join("zeros")).unwrap();
    let file = std::fs::File::create(node.save().join("zeros/0")).unwrap();
    file.set_len(1 << 30).unwrap();
    node.run(&sample, None, &[]).await;
    until(|| match node.stats(&sample).phase {
        Phase::Checking { checked_bytes } => (checked_bytes > 0).then_some(()),
        phase => panic!("{phase:?}"),
    })
    .await;
    let halted = node.halt(&sample).await;
    assert_eq!(halted.done_bytes, None, "it did not go on to the end");
    assert!(node.session.0.shared.pool.len() == 0);

    // And it runs again, to the end.
    node.run(&sample, None, &[]).await;
    assert_eq!(node.finished(&sample).await.done_bytes, 1 << 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn starting_and_stopping_in_any_order_leaves_nothing() {
    let sample = Sample::new("busy", 16384, &[("a", 40 * 16384)]);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    let id = sample.meta.info_hash;
    for round in 0..12u64 {
        let mut tasks = JoinSet::new();
        for _ in 0..3 {
            let (session, spec) = (node.session.clone(), node.spec(&sample, None, &[&seed]));
            tasks.spawn(async move { _ = session.run(spec).await });
            let session = node.session.clone();
            tasks.spawn(async move {
                tokio::time::sleep(Duration::from_millis(round * 3)).await;
                session.halt(id).await.unwrap();
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        node.session.halt(id).await.unwrap();
        assert!(node.session.stats(id).is_none());
        assert_eq!(node.session.0.shared.pool.len(), 0);
        let left = node.session.backend().await.unwrap().torrents();
        assert_eq!(left, 0, "round {round}");
    }
    node.run(&sample, None, &[&seed]).await;
    node.finished(&sample).await;
    sample.assert_files(&node.save(), &[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn running_twice_is_refused_and_stopping_ends_everything() {
    let sample = Sample::new("twice", 16384, &[("a", 16384)]);
    let seed = Node::seed(&sample).await;
    assert!(seed.session.run(seed.spec(&sample, None, &[])).await.is_err());
    let other = Sample::new("other", 16384, &[("a", 16384)]);
    let wrong = RunSpec { id: other.meta.info_hash, ..seed.spec(&sample, None, &[]) };
    assert!(seed.session.run(wrong).await.is_err());
    seed.session.stop().await;
    assert!(seed.session.stats(sample.meta.info_hash).is_none());
    let late = seed.session.run(seed.spec(&sample, None, &[])).await;
    assert!(matches!(late, Err(Error::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_torrents_start_at_once() {
    let samples: Vec<_> =
        (0..20).map(|n| Sample::new(&format!("many {n}"), 16384, &[("a", 20_000)])).collect();
    let (seed, node) = (Node::new().await, Node::new().await);
    samples.iter().for_each(|sample| sample.write(&seed.save()));
    let mut tasks = JoinSet::new();
    for sample in &samples {
        let (session, spec) = (seed.session.clone(), seed.spec(sample, None, &[]));
        tasks.spawn(async move { session.run(spec).await });
    }
    tasks.join_all().await.into_iter().for_each(|done| done.unwrap());
    for sample in &samples {
        seed.finished(sample).await;
    }
    let mut tasks = JoinSet::new();
    for sample in &samples {
        let (session, spec) = (node.session.clone(), node.spec(sample, None, &[&seed]));
        tasks.spawn(async move { session.run(spec).await });
    }
    tasks.join_all().await.into_iter().for_each(|done| done.unwrap());
    for sample in &samples {
        node.finished(sample).await;
        assert_eq!(
            std::fs::read(node.save().join(&sample.meta.files[0].path)).unwrap(),
            sample.file(0)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_is_kept_where_it_is_free() {
    let sample = Sample::new("port", 16384, &[("a", 16384)]);
    let first = Node::seed(&sample).await;
    let port = first.session.listen_port();
    let start = async || {
        let dir = tempfile::tempdir().unwrap();
        let config = SessionConfig { listen_port: port, ..config(&dir, "boot") };
        let node = Node { session: Session::start(config).await.unwrap(), dir };
        node.run(&sample, None, &[]).await;
        node
    };
    let second = start().await;
    assert!(second.session.listen_port().is_some() && second.session.listen_port() != port);
    first.session.stop().await;
    assert_eq!(start().await.session.listen_port(), port);
}
