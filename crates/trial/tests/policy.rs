//! Policy layers: merging is associative, idempotent, in any order the same, and never looser than any of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use trial::policy::{Layer, Layers, NEVER, Policy, Setting, Tier};

fn value(setting: Setting) -> BoxedStrategy<u32> {
    let (platform, strictest) = (setting.platform(), setting.strictest());
    let (low, high) = (platform.min(strictest), platform.max(strictest));
    // Values on both sides of what is allowed come too: merging must not depend on who checked them.
    prop_oneof![low..=high, Just(platform), Just(strictest), any::<u32>(), Just(NEVER)].boxed()
}

fn layer() -> impl Strategy<Value = Layer> {
    let each: Vec<_> = Setting::ALL
        .iter()
        .map(|setting| prop::option::weighted(0.5, value(*setting)).prop_map(|value| (*setting, value)))
        .collect();
    each.prop_map(|values| Layer {
        values: values.into_iter().filter_map(|(setting, value)| Some((setting, value?))).collect(),
        justifications: BTreeMap::new(),
    })
}

fn policy(layers: &[&Layer]) -> Policy {
    layers.iter().fold(Policy::platform(), |policy, layer| policy.tightened(layer))
}

proptest! {
    #[test]
    fn merging_is_associative_idempotent_and_in_any_order_the_same(a in layer(), b in layer(), c in layer()) {
        prop_assert_eq!(a.and(&b).and(&c).values, a.and(&b.and(&c)).values);
        prop_assert_eq!(a.and(&a), a.clone());
        prop_assert_eq!(a.and(&b).values, b.and(&a).values);
        prop_assert_eq!(policy(&[&a, &b, &c]), policy(&[&a.and(&b.and(&c))]));
        prop_assert_eq!(policy(&[&a, &b]), policy(&[&b, &a, &b]));
        prop_assert_eq!(policy(&[&a]).and(&policy(&[&b])), policy(&[&a, &b]));
    }

    #[test]
    fn what_holds_is_never_looser_than_any_layer(layers in prop::collection::vec(layer(), 0..4)) {
        let listed: Vec<_> = layers.iter().map(|layer| (Tier::Study, layer)).collect();
        let holds = Layers(&listed).policy();
        for setting in Setting::ALL {
            prop_assert!(!setting.is_looser(holds.get(*setting), setting.platform()));
            for layer in &layers {
                if let Some(value) = layer.values.get(setting) {
                    prop_assert!(!setting.is_looser(holds.get(*setting), *value), "{setting:?}");
                }
            }
            // And it is somebody's value, not a stricter one that nobody asked for.
            let asked = layers.iter().filter_map(|layer| layer.values.get(setting)).any(|value| *value == holds.get(*setting));
            prop_assert!(asked || holds.get(*setting) == setting.platform());
        }
    }

    #[test]
    fn a_looser_value_is_refused_with_the_layer_that_forbids_it(above in layer(), below in layer()) {
        let listed = [(Tier::Organization, &above)];
        let layers = Layers(&listed);
        let problems = layers.problems(&below);
        for (setting, value) in &below.values {
            let looser = setting.is_looser(*value, layers.policy().get(*setting));
            let told = problems.iter().find(|problem| problem.setting == *setting && problem.code == "looser");
            prop_assert_eq!(told.is_some(), looser, "{:?} {}", setting, value);
            if let Some(told) = told {
                prop_assert!(told.message.starts_with(layers.decided_by(*setting).name()));
            }
        }
    }

    #[test]
    fn a_layer_without_problems_is_what_holds(below in layer()) {
        if Layers(&[]).problems(&below).is_empty() {
            let holds = Layers(&[(Tier::Organization, &below)]).policy();
            for (setting, value) in &below.values {
                prop_assert_eq!(holds.get(*setting), *value);
            }
        }
    }
}

#[test]
fn each_setting_says_what_it_is_and_its_bounds_are_in_order() {
    for setting in Setting::ALL {
        assert_eq!(Setting::from_code(setting.code()), Some(*setting));
        assert!(!setting.is_looser(setting.strictest(), setting.platform()), "{setting:?}");
        assert_ne!(setting.strictest(), setting.platform(), "{setting:?} could not be set");
        let json = serde_json::to_string(setting).unwrap_or_default();
        assert_eq!(json, format!("\"{}\"", setting.code()));
    }
    assert_eq!(Setting::Idle.words(600), "10 minutes");
    assert_eq!(Setting::Lifetime.words(43_200), "12 hours");
    assert_eq!(Setting::PasswordAge.words(NEVER), "never");
    assert_eq!(Setting::SecondFactor.words(1), "yes");
}

#[test]
fn rotation_of_passwords_needs_a_written_justification() {
    let mut layer = Layer::default();
    layer.values.insert(Setting::PasswordAge, 90);
    let codes = |layer: &Layer| Layers(&[]).problems(layer).iter().map(|problem| problem.code).collect::<Vec<_>>();
    assert_eq!(codes(&layer), ["justification"]);
    layer.justifications.insert(Setting::PasswordAge, "the hospital's own rule 7.2".into());
    assert_eq!(codes(&layer), Vec::<&str>::new());
    layer.values.insert(Setting::PasswordAge, 3);
    assert_eq!(codes(&layer), ["too_strict"]);
}
