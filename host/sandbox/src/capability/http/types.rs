//! `wasi:http/types` as wasmtime has it, with what crosses counted on its way and bounded where it is kept.
//!
//! wasmtime caps the fields of a list. It takes a method, a scheme, an authority and a path of any length, and keeps
//! them for as many requests as there can be resources.

use wasmtime::component::Resource;
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable};
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler;
use wasmtime_wasi_http::p2::bindings::http::types::{
    self, ErrorCode, FutureIncomingResponse, FutureTrailers, IncomingBody, IncomingRequest, IncomingResponse, IoError,
    Method, OutgoingBody, OutgoingRequest, OutgoingResponse, ResponseOutparam, Scheme,
};
use wasmtime_wasi_http::p2::{HeaderError, HeaderResult, HttpError, HttpResult};
use wasmtime_wasi_http::{FieldMap, RequestOptions};

use super::View;

/// The methods that are taken have up to seven letters; a longer one is named in a denial.
const METHOD_BYTES_MAX: usize = 16;
/// `http` and `https` are taken; a longer one is named in a denial.
const SCHEME_BYTES_MAX: usize = 64;
/// A name of a host has up to 253 bytes, and a port five digits.
const AUTHORITY_BYTES_MAX: usize = 300;
/// What servers take, the query included.
const PATH_BYTES_MAX: usize = 8 << 10;

type Done<T> = wasmtime::Result<Result<T, ()>>;

impl View<'_> {
    /// Counts a text, and returns whether it is short enough to be kept.
    fn takes(&mut self, text: Option<&str>, bytes_max: usize) -> wasmtime::Result<bool> {
        let bytes = text.map_or(0, str::len);
        self.context.carry(bytes)?;
        Ok(bytes <= bytes_max)
    }

    fn gives(&mut self, text: Option<&str>) -> wasmtime::Result<()> {
        self.context.carry(text.map_or(0, str::len))
    }

    fn carry_field(&mut self, bytes: usize) -> HeaderResult<()> {
        self.context.carry(bytes).map_err(HeaderError::trap)
    }
}

fn method_text(method: &Method) -> Option<&str> {
    if let Method::Other(text) = method { Some(text) } else { None }
}

fn scheme_text(scheme: &Scheme) -> Option<&str> {
    if let Scheme::Other(text) = scheme { Some(text) } else { None }
}

fn bytes_of(values: &[Vec<u8>]) -> usize {
    values.iter().map(Vec::len).sum()
}

fn bytes_in(entries: &[(String, Vec<u8>)]) -> usize {
    entries.iter().map(|(name, value)| name.len() + value.len()).sum()
}

impl types::HostOutgoingRequest for View<'_> {
    fn new(&mut self, headers: Resource<FieldMap>) -> wasmtime::Result<Resource<OutgoingRequest>> {
        types::HostOutgoingRequest::new(&mut self.wasi(), headers)
    }

    fn body(&mut self, request: Resource<OutgoingRequest>) -> Done<Resource<OutgoingBody>> {
        types::HostOutgoingRequest::body(&mut self.wasi(), request)
    }

    fn method(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Method> {
        let method = types::HostOutgoingRequest::method(&mut self.wasi(), request)?;
        self.gives(method_text(&method))?;
        Ok(method)
    }

    fn set_method(&mut self, request: Resource<OutgoingRequest>, method: Method) -> Done<()> {
        if !self.takes(method_text(&method), METHOD_BYTES_MAX)? {
            return Ok(Err(()));
        }
        self.wasi().set_method(request, method)
    }

    fn path_with_query(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Option<String>> {
        let path = types::HostOutgoingRequest::path_with_query(&mut self.wasi(), request)?;
        self.gives(path.as_deref())?;
        Ok(path)
    }

    fn set_path_with_query(&mut self, request: Resource<OutgoingRequest>, path: Option<String>) -> Done<()> {
        if !self.takes(path.as_deref(), PATH_BYTES_MAX)? {
            return Ok(Err(()));
        }
        self.wasi().set_path_with_query(request, path)
    }

    fn scheme(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Option<Scheme>> {
        let scheme = types::HostOutgoingRequest::scheme(&mut self.wasi(), request)?;
        self.gives(scheme.as_ref().and_then(scheme_text))?;
        Ok(scheme)
    }

    fn set_scheme(&mut self, request: Resource<OutgoingRequest>, scheme: Option<Scheme>) -> Done<()> {
        if !self.takes(scheme.as_ref().and_then(scheme_text), SCHEME_BYTES_MAX)? {
            return Ok(Err(()));
        }
        self.wasi().set_scheme(request, scheme)
    }

    fn authority(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Option<String>> {
        let authority = types::HostOutgoingRequest::authority(&mut self.wasi(), request)?;
        self.gives(authority.as_deref())?;
        Ok(authority)
    }

    fn set_authority(&mut self, request: Resource<OutgoingRequest>, authority: Option<String>) -> Done<()> {
        if !self.takes(authority.as_deref(), AUTHORITY_BYTES_MAX)? {
            return Ok(Err(()));
        }
        self.wasi().set_authority(request, authority)
    }

    fn headers(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<Resource<FieldMap>> {
        types::HostOutgoingRequest::headers(&mut self.wasi(), request)
    }

    fn drop(&mut self, request: Resource<OutgoingRequest>) -> wasmtime::Result<()> {
        types::HostOutgoingRequest::drop(&mut self.wasi(), request)
    }
}

impl types::HostFields for View<'_> {
    fn new(&mut self) -> wasmtime::Result<Resource<FieldMap>> {
        types::HostFields::new(&mut self.wasi())
    }

    fn from_list(&mut self, entries: Vec<(String, Vec<u8>)>) -> HeaderResult<Resource<FieldMap>> {
        self.carry_field(bytes_in(&entries))?;
        self.wasi().from_list(entries)
    }

    fn get(&mut self, fields: Resource<FieldMap>, name: String) -> wasmtime::Result<Vec<Vec<u8>>> {
        self.context.carry(name.len())?;
        let values = types::HostFields::get(&mut self.wasi(), fields, name)?;
        self.context.carry(bytes_of(&values))?;
        Ok(values)
    }

    fn has(&mut self, fields: Resource<FieldMap>, name: String) -> wasmtime::Result<bool> {
        self.context.carry(name.len())?;
        self.wasi().has(fields, name)
    }

    fn set(&mut self, fields: Resource<FieldMap>, name: String, values: Vec<Vec<u8>>) -> HeaderResult<()> {
        self.carry_field(name.len().saturating_add(bytes_of(&values)))?;
        types::HostFields::set(&mut self.wasi(), fields, name, values)
    }

    fn delete(&mut self, fields: Resource<FieldMap>, name: String) -> HeaderResult<()> {
        self.carry_field(name.len())?;
        self.wasi().delete(fields, name)
    }

    fn append(&mut self, fields: Resource<FieldMap>, name: String, value: Vec<u8>) -> HeaderResult<()> {
        self.carry_field(name.len().saturating_add(value.len()))?;
        self.wasi().append(fields, name, value)
    }

    fn entries(&mut self, fields: Resource<FieldMap>) -> wasmtime::Result<Vec<(String, Vec<u8>)>> {
        let entries = self.wasi().entries(fields)?;
        self.context.carry(bytes_in(&entries))?;
        Ok(entries)
    }

    /// Counts what is copied, though it crosses only as a handle.
    fn clone(&mut self, fields: Resource<FieldMap>) -> wasmtime::Result<Resource<FieldMap>> {
        let copied =
            self.context.table.get(&fields)?.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        self.context.carry(copied)?;
        types::HostFields::clone(&mut self.wasi(), fields)
    }

    fn drop(&mut self, fields: Resource<FieldMap>) -> wasmtime::Result<()> {
        types::HostFields::drop(&mut self.wasi(), fields)
    }
}

/// Leaves an interface to wasmtime: only handles and numbers cross in it.
macro_rules! leave {
    ($host:ident: $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl types::$host for View<'_> {
            $(fn $name(&mut self, $($argument: $type),*) -> $result {
                types::$host::$name(&mut self.wasi(), $($argument),*)
            })*
        }
    };
}

leave! { Host:
    fn convert_error_code(error: HttpError) -> wasmtime::Result<ErrorCode>;
    fn convert_header_error(error: HeaderError) -> wasmtime::Result<types::HeaderError>;
    fn http_error_code(error: Resource<IoError>) -> wasmtime::Result<Option<ErrorCode>>;
}

// No guest ever has one of these.
leave! { HostIncomingRequest:
    fn method(request: Resource<IncomingRequest>) -> wasmtime::Result<Method>;
    fn path_with_query(request: Resource<IncomingRequest>) -> wasmtime::Result<Option<String>>;
    fn scheme(request: Resource<IncomingRequest>) -> wasmtime::Result<Option<Scheme>>;
    fn authority(request: Resource<IncomingRequest>) -> wasmtime::Result<Option<String>>;
    fn headers(request: Resource<IncomingRequest>) -> wasmtime::Result<Resource<FieldMap>>;
    fn consume(request: Resource<IncomingRequest>) -> Done<Resource<IncomingBody>>;
    fn drop(request: Resource<IncomingRequest>) -> wasmtime::Result<()>;
}

leave! { HostResponseOutparam:
    fn set(
        to: Resource<ResponseOutparam>, response: Result<Resource<OutgoingResponse>, ErrorCode>
    ) -> wasmtime::Result<()>;
    fn send_informational(to: Resource<ResponseOutparam>, status: u16, headers: Resource<FieldMap>) -> HttpResult<()>;
    fn drop(to: Resource<ResponseOutparam>) -> wasmtime::Result<()>;
}

leave! { HostOutgoingResponse:
    fn new(headers: Resource<FieldMap>) -> wasmtime::Result<Resource<OutgoingResponse>>;
    fn body(response: Resource<OutgoingResponse>) -> Done<Resource<OutgoingBody>>;
    fn status_code(response: Resource<OutgoingResponse>) -> wasmtime::Result<u16>;
    fn set_status_code(response: Resource<OutgoingResponse>, status: u16) -> Done<()>;
    fn headers(response: Resource<OutgoingResponse>) -> wasmtime::Result<Resource<FieldMap>>;
    fn drop(response: Resource<OutgoingResponse>) -> wasmtime::Result<()>;
}

leave! { HostIncomingResponse:
    fn status(response: Resource<IncomingResponse>) -> wasmtime::Result<u16>;
    fn headers(response: Resource<IncomingResponse>) -> wasmtime::Result<Resource<FieldMap>>;
    fn consume(response: Resource<IncomingResponse>) -> Done<Resource<IncomingBody>>;
    fn drop(response: Resource<IncomingResponse>) -> wasmtime::Result<()>;
}

leave! { HostFutureTrailers:
    fn subscribe(trailers: Resource<FutureTrailers>) -> wasmtime::Result<Resource<DynPollable>>;
    fn get(
        trailers: Resource<FutureTrailers>
    ) -> wasmtime::Result<Option<Result<Result<Option<Resource<FieldMap>>, ErrorCode>, ()>>>;
    fn drop(trailers: Resource<FutureTrailers>) -> wasmtime::Result<()>;
}

leave! { HostIncomingBody:
    fn stream(body: Resource<IncomingBody>) -> Done<Resource<DynInputStream>>;
    fn finish(body: Resource<IncomingBody>) -> wasmtime::Result<Resource<FutureTrailers>>;
    fn drop(body: Resource<IncomingBody>) -> wasmtime::Result<()>;
}

leave! { HostOutgoingBody:
    fn write(body: Resource<OutgoingBody>) -> Done<Resource<DynOutputStream>>;
    fn finish(body: Resource<OutgoingBody>, trailers: Option<Resource<FieldMap>>) -> HttpResult<()>;
    fn drop(body: Resource<OutgoingBody>) -> wasmtime::Result<()>;
}

leave! { HostFutureIncomingResponse:
    fn get(
        response: Resource<FutureIncomingResponse>
    ) -> wasmtime::Result<Option<Result<Result<Resource<IncomingResponse>, ErrorCode>, ()>>>;
    fn subscribe(response: Resource<FutureIncomingResponse>) -> wasmtime::Result<Resource<DynPollable>>;
    fn drop(response: Resource<FutureIncomingResponse>) -> wasmtime::Result<()>;
}

leave! { HostRequestOptions:
    fn new() -> wasmtime::Result<Resource<RequestOptions>>;
    fn connect_timeout(options: Resource<RequestOptions>) -> wasmtime::Result<Option<u64>>;
    fn set_connect_timeout(options: Resource<RequestOptions>, timeout: Option<u64>) -> Done<()>;
    fn first_byte_timeout(options: Resource<RequestOptions>) -> wasmtime::Result<Option<u64>>;
    fn set_first_byte_timeout(options: Resource<RequestOptions>, timeout: Option<u64>) -> Done<()>;
    fn between_bytes_timeout(options: Resource<RequestOptions>) -> wasmtime::Result<Option<u64>>;
    fn set_between_bytes_timeout(options: Resource<RequestOptions>, timeout: Option<u64>) -> Done<()>;
    fn drop(options: Resource<RequestOptions>) -> wasmtime::Result<()>;
}

impl outgoing_handler::Host for View<'_> {
    fn handle(
        &mut self,
        request: Resource<OutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> HttpResult<Resource<FutureIncomingResponse>> {
        outgoing_handler::Host::handle(&mut self.wasi(), request, options)
    }
}
