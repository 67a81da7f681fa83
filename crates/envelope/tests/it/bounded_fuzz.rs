use coffer_core::SecureRandom as _;
use coffer_core::testing::FakeRandom;
use coffer_envelope::testing::OpenTarget;

/// The body of the fuzz target on inputs from a fixed seed, so that it also runs without a fuzzer.
#[tokio::test]
async fn fuzz_open_bounded() {
    let target = OpenTarget::new().await.unwrap();
    let random = FakeRandom::seeded(2026);
    let mut input = vec![0; 400];
    for round in 0..20_000_usize {
        random.fill(&mut input);
        let length = 1 + usize::from(input[399]) + usize::from(input[398] % 128);
        // Most changes laid over the right envelope are small, or nothing would get past the header.
        let changed = length.min(1 + 3 * (round % 8));
        let mut case = input[..length].to_vec();
        if case[0] % 4 >= 2 {
            case[1..].fill(0);
            for change in input[300..].chunks(3).take(changed / 3) {
                let at = 1 + usize::from(change[0]) % length;
                if at < length {
                    case[at] = change[1];
                }
            }
        }
        target.check(&case).await;
    }
}

#[tokio::test]
async fn fuzz_target_knows_the_one_envelope_that_opens() {
    let target = OpenTarget::new().await.unwrap();
    for choice in [2, 3] {
        assert!(target.check(&[choice]).await, "no change");
        assert!(target.check(&[choice, 0, 0, 0]).await, "a change by zero");
        assert!(!target.check(&[choice, 1]).await, "a change");
    }
    assert!(!target.check(&[]).await && !target.check(&[0]).await && !target.check(&[1]).await);
}
