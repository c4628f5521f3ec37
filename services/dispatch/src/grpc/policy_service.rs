//! `fenliu.dispatch.v1.PolicyService`.

use std::collections::BTreeSet;

use fenliu_domain::desk::command::Command;
use fenliu_domain::desk::event::{Payload, Seq};
use fenliu_domain::desk::policy::preset::Preset;
use fenliu_domain::desk::policy::{Policy, rule};
use fenliu_domain::ids::ShopId;
use fenliu_domain::problem::Problem;
use fenliu_proto::dispatch::v1 as proto;
use fenliu_proto::dispatch::v1::policy_service_server::PolicyService;
use fenliu_proto::event::policy;
use fenliu_proto::status::refusal;
use tonic::{Request, Response, Status, async_trait};

use super::parse;
use crate::call::Identified;
use crate::desks::{Call, Desks};

/// Handles the service's calls.
pub(super) struct Handler(pub(super) Desks);

impl Handler {
    async fn get(&self, request: &proto::GetPolicyRequest) -> Result<proto::GetPolicyResponse, Problem> {
        let info = self.0.info(parse::shop(&request.shop_id)?).await?;
        let etag = info.policy_seq.0.to_string();
        Ok(proto::GetPolicyResponse { policy: Some(policy::to_proto(&info.policy)), etag })
    }

    async fn update(
        &self,
        call: Identified<proto::UpdatePolicyRequest>,
    ) -> Result<proto::UpdatePolicyResponse, Problem> {
        let Identified { body, request_id, mark, traceparent, .. } = call;
        let shop = parse::shop(&body.shop_id)?;
        let asked = self.asked_for(shop, &body).await?;
        let warnings = self.warnings(shop, &asked.policy).await?;
        if body.validate_only {
            asked.policy.validate()?;
            let (policy, etag) = (Some(policy::to_proto(&asked.policy)), asked.read.0.to_string());
            return Ok(proto::UpdatePolicyResponse { policy, etag, request_id, warnings });
        }
        let command = Command::ReplacePolicy { policy: Box::new(asked.policy), if_policy: asked.if_policy };
        let answer = self.0.run(Call { shop, request: mark, traceparent, command, body: None }).await?;
        let changed = answer.events.iter().find_map(|event| match &event.payload {
            Payload::PolicyChanged { policy } => Some((policy::to_proto(policy), event.seq)),
            _ => None,
        });
        let (policy, seq) = match changed {
            Some(changed) => changed,
            // It was as asked already.
            None => self.0.info(shop).await.map(|info| (policy::to_proto(&info.policy), info.policy_seq))?,
        };
        let etag = seq.0.to_string();
        Ok(proto::UpdatePolicyResponse { policy: Some(policy), etag, request_id, warnings })
    }

    /// The policy a request asks for: its own, or the one in force with the fields of the mask.
    async fn asked_for(&self, shop: ShopId, request: &proto::UpdatePolicyRequest) -> Result<Asked, Problem> {
        let document = request.policy.as_ref().ok_or_else(|| Problem::field("policy", "must be set"))?;
        let if_policy = parse::policy_etag(&request.etag)?;
        let info = self.0.info(shop).await?;
        let fields = request.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
        if fields.is_empty() {
            return Ok(Asked { policy: policy::from_proto(document)?, if_policy, read: info.policy_seq });
        }
        let mut merged = policy::to_proto(&info.policy);
        policy::take_over(&mut merged, document, fields)?;
        // What was not named must still be what was read here.
        let if_policy = if_policy.or(Some(info.policy_seq));
        Ok(Asked { policy: policy::from_proto(&merged)?, if_policy, read: info.policy_seq })
    }

    /// What would succeed but may not have been meant.
    async fn warnings(&self, shop: ShopId, policy: &Policy) -> Result<Vec<String>, Problem> {
        let covered = rule::unreachable(&policy.routing_rules).into_iter().map(|(place, by)| {
            format!("routing_rules[{place}] never counts: routing_rules[{by}] fits whatever fits it")
        });
        let mut warnings: Vec<_> = covered.collect();
        let board = self.0.board(shop).await?;
        let known: BTreeSet<_> = board.agents.iter().flat_map(|agent| &agent.entry.groups).collect();
        let named = policy.routing_rules.iter().map(|rule| &rule.group);
        let named = named.chain(policy.rings.iter().flat_map(|ring| [&ring.group, &ring.helper]));
        let deserted: BTreeSet<_> = named.filter(|group| !known.contains(group)).collect();
        warnings.extend(deserted.into_iter().map(|group| {
            format!("no agent answers for group {group}; what is for it goes to the default group")
        }));
        Ok(warnings)
    }

    async fn presets(
        &self,
        request: &proto::ListPresetsRequest,
    ) -> Result<proto::ListPresetsResponse, Problem> {
        let info = self.0.info(parse::shop(&request.shop_id)?).await?;
        let presets = Preset::ALL.into_iter().map(|preset| proto::PolicyPreset {
            name: preset.name().to_owned(),
            mirrors: preset.mirrors().to_owned(),
            policy: Some(policy::to_proto(&preset.policy(info.policy.hours.clone()))),
        });
        Ok(proto::ListPresetsResponse { presets: presets.collect() })
    }
}

/// A policy somebody asks for.
struct Asked {
    policy: Policy,
    /// Only if the policy in force came with this event.
    if_policy: Option<Seq>,
    /// The policy in force when it was asked for.
    read: Seq,
}

#[async_trait]
impl PolicyService for Handler {
    async fn get_policy(
        &self,
        request: Request<proto::GetPolicyRequest>,
    ) -> Result<Response<proto::GetPolicyResponse>, Status> {
        self.get(request.get_ref()).await.map(Response::new).map_err(refusal)
    }

    async fn update_policy(
        &self,
        request: Request<proto::UpdatePolicyRequest>,
    ) -> Result<Response<proto::UpdatePolicyResponse>, Status> {
        let call = Identified::of(request, &self.0.platform().ids);
        self.update(call).await.map(Response::new).map_err(refusal)
    }

    async fn list_presets(
        &self,
        request: Request<proto::ListPresetsRequest>,
    ) -> Result<Response<proto::ListPresetsResponse>, Status> {
        self.presets(request.get_ref()).await.map(Response::new).map_err(refusal)
    }
}
