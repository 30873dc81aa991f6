//! SOAP calls of UPnP.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::xml;

/// What is read of an answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// The code of a fault.
    pub error: Option<u16>,
    /// The answer of `GetExternalIPAddress`.
    pub external_address: Option<Ipv4Addr>,
}

impl Answer {
    /// Reads an answer as far as it is well-formed.
    pub fn parse(document: &[u8]) -> Self {
        let mut answer = Self::default();
        xml::read_elements(document, |name, text| match name {
            b"errorCode" => answer.error = text.parse().ok(),
            b"NewExternalIPAddress" => answer.external_address = text.parse().ok(),
            _ => {}
        });
        answer
    }
}

/// Encodes the body of a call. The arguments are numbers, addresses and names, which need no
/// escaping.
pub(super) fn encode(service_type: &str, action: &str, arguments: &[(&str, String)]) -> String {
    let mut body = format!(
        "<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>\
         <u:{action} xmlns:u=\"{service_type}\">"
    );
    for (name, value) in arguments {
        // Writing to a string does not fail.
        let _ = write!(body, "<{name}>{value}</{name}>");
    }
    let _ = write!(body, "</u:{action}></s:Body></s:Envelope>\r\n");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_and_addresses_are_read() {
        let fault = "<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>718</errorCode>\
                     </UPnPError></detail></s:Fault></s:Body></s:Envelope>";
        assert_eq!(Answer::parse(fault.as_bytes()).error, Some(718));
        let answer = "<a:b><NewExternalIPAddress> 203.0.113.7 </NewExternalIPAddress></a:b>";
        let address = Some(Ipv4Addr::new(203, 0, 113, 7));
        assert_eq!(Answer::parse(answer.as_bytes()).external_address, address);
        let odd = "<a><errorCode>99999</errorCode><NewExternalIPAddress/></a>";
        assert_eq!(Answer::parse(odd.as_bytes()), Answer::default());
    }

    #[test]
    fn a_call_is_well_formed() {
        let body = encode("urn:x", "Add", &[("NewPort", "1".into()), ("NewHost", String::new())]);
        let mut seen = Vec::new();
        xml::read_elements(body.as_bytes(), |name, text| {
            seen.push((String::from_utf8_lossy(name).into_owned(), text.to_owned()));
        });
        let names: Vec<_> = seen.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["NewPort", "NewHost", "Add", "Body", "Envelope"]);
        assert_eq!(seen[0].1, "1");
    }
}
