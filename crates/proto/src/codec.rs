//! The codec of every RPC: prost's, with each incoming message checked against its declared bounds.

use std::marker::PhantomData;

use prost::Message;
use tonic::Status;
use tonic::codec::{Codec, DecodeBuf, Decoder};
use tonic_prost::{ProstCodec, ProstEncoder};

use crate::status::refusal;
use crate::validate::{Validate, validate};

/// Encodes like prost's codec; decodes and then validates, so that no handler can forget to.
#[derive(Debug)]
pub struct ValidatingCodec<T, U> {
    messages: PhantomData<(T, U)>,
}

impl<T, U> Default for ValidatingCodec<T, U> {
    fn default() -> Self {
        Self { messages: PhantomData }
    }
}

impl<T, U> Codec for ValidatingCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Validate + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = ValidatingDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::default().encoder()
    }

    fn decoder(&mut self) -> Self::Decoder {
        ValidatingDecoder { message: PhantomData }
    }
}

/// See [`ValidatingCodec`].
#[derive(Debug)]
pub struct ValidatingDecoder<U> {
    message: PhantomData<U>,
}

impl<U: Message + Validate + Default> Decoder for ValidatingDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let message = U::decode(bytes).map_err(|error| refusal(undecodable(&error)))?;
        validate(&message).map_err(refusal)?;
        Ok(Some(message))
    }
}

fn undecodable(error: &prost::DecodeError) -> fenliu_domain::problem::Problem {
    fenliu_domain::problem::Problem::field(
        "(message)",
        format!("must be a well-formed protobuf message: {error}"),
    )
}
