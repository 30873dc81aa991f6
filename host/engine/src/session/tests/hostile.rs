//! Torrents that want to be somewhere else.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn hidden_climbing_ends_inside() {
    let climb = "\u{feff}..";
    let files = [
        (&*format!("{climb}/up"), 20_000),
        (&*format!("{climb}/{climb}"), 5_000),
        ("CON", 10),
        ("a:b", 10),
    ];
    let content = (0..25_020u32).map(|n| n as u8).collect();
    let sample = Sample::with_content(climb.as_bytes(), 16384, &files, content);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    node.run(&sample, None, &[&seed]).await;
    node.finished(&sample).await;
    for name in ["_/_/up", "_/_/_", "_/_CON", "_/a_b"] {
        assert!(node.save().join(name).is_file(), "{name}");
    }
    sample.assert_files(&node.save(), &[0, 1, 2, 3]);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn links_are_not_followed() {
    let sample = Sample::new("linked", 16384, &[("d/a", 16384), ("b", 16384)]);
    let seed = Node::seed(&sample).await;
    for (link, made_after_the_look) in [("linked", false), ("linked/d", false), ("linked/d", true)]
    {
        let node = Node::new().await;
        let outside = node.dir.path().join("outside");
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::create_dir_all(node.save().join(link).parent().unwrap()).unwrap();
        let put = || std::os::unix::fs::symlink(&outside, node.save().join(link)).unwrap();
        let spec = node.spec(&sample, None, &[&seed]);
        let error = if made_after_the_look {
            let run = Arc::new(Run::open(spec, 1, &node.session.0.shared).unwrap());
            put();
            node.session.0.runs.lock().by_id.insert(sample.meta.info_hash, Arc::clone(&run));
            run.drive(
                node.session.swarm().await.unwrap(),
                node.session.backend().await.unwrap(),
                Arc::clone(&node.session.0.shared),
            );
            node.failed(&sample).await
        } else {
            put();
            node.session.run(spec).await.unwrap_err()
        };
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn padding_and_equal_names_are_handled() {
    let mut content = vec![1; 10_000];
    content.resize(16384, 0);
    content.extend(vec![2; 10_000]);
    content.resize(2 * 16384, 0);
    content.extend(vec![3; 100]);
    let files =
        [("A", 10_000), (".pad/6384", 6384), ("a", 10_000), (".pad/6384", 6384), ("b", 100)];
    let sample = Sample::with_content(b"hybrid", 16384, &files, content);
    let seed = Node::seed(&sample).await;
    let node = Node::new().await;
    node.run(&sample, None, &[&seed]).await;
    let stats = node.finished(&sample).await;
    assert_eq!(stats.done_bytes, 20_100);
    sample.assert_files(&node.save(), &[0, 2, 4]);
    assert!(node.save().join("hybrid/a (2)").exists());
}
