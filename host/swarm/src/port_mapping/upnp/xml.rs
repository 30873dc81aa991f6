//! XML of routers, read with a pull parser: nothing is kept but the current text, and there is no
//! recursion. Documents are limited to 64 KiB by the transfer; entities beyond the predefined ones
//! are left out.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// Bytes of an element's text; what follows is cut off.
const MAX_TEXT_BYTES: usize = 1024;
/// Depth of elements.
const MAX_DEPTH: usize = 64;
/// Services that are kept.
const MAX_SERVICES: usize = 64;

/// What a device description says of its services.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Description {
    /// The base of relative URLs (UPnP 1.0), instead of the description's own.
    pub url_base: Option<String>,
    /// The services of all devices in it.
    pub services: Vec<Service>,
}

/// A service of a device.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Service {
    pub service_type: String,
    pub control_url: String,
}

impl Description {
    /// Reads a description as far as it is well-formed.
    pub fn parse(document: &[u8]) -> Self {
        let mut description = Self::default();
        let mut service = Service::default();
        read_elements(document, |name, text| match name {
            b"URLBase" => description.url_base = Some(text.to_owned()),
            b"serviceType" => text.clone_into(&mut service.service_type),
            b"controlURL" => text.clone_into(&mut service.control_url),
            b"service" if description.services.len() < MAX_SERVICES => {
                description.services.push(std::mem::take(&mut service));
            }
            _ => {}
        });
        description
    }
}

/// Calls `on_end` at the end of each element with its local name and the text since its last child.
/// Ends silently at an error and below [`MAX_DEPTH`].
pub(super) fn read_elements(document: &[u8], mut on_end: impl FnMut(&[u8], &str)) {
    let mut reader = Reader::from_reader(document);
    let mut text = String::new();
    let mut depth = 0_usize;
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return;
                }
                text.clear();
            }
            Ok(Event::Empty(element)) => {
                text.clear();
                on_end(element.local_name().as_ref(), "");
            }
            Ok(Event::End(element)) => {
                depth = depth.saturating_sub(1);
                on_end(element.local_name().as_ref(), text.trim());
                text.clear();
            }
            Ok(Event::Text(part)) => append(&mut text, &part.decode().unwrap_or_default()),
            Ok(Event::CData(part)) => append(&mut text, &part.decode().unwrap_or_default()),
            Ok(Event::GeneralRef(entity)) => {
                let name = entity.decode().unwrap_or_default();
                if let Ok(Some(character)) = entity.resolve_char_ref() {
                    append(&mut text, character.encode_utf8(&mut [0; 4]));
                } else if let Some(value) = resolve_predefined_entity(&name) {
                    append(&mut text, value);
                }
            }
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn append(text: &mut String, part: &str) {
    let free = MAX_TEXT_BYTES.saturating_sub(text.len());
    let end = part.floor_char_boundary(free);
    text.push_str(part.get(..end).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DESCRIPTION: &str = r#"<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major></specVersion>
<URLBase>http://192.168.1.1:80</URLBase><device><serviceList><service>
<serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType>
<controlURL>/l3f</controlURL></service></serviceList><deviceList><device><deviceList><device>
<serviceList><service><serviceType> urn:schemas-upnp-org:service:WANIPConnection:1
</serviceType><SCPDURL/><controlURL>/ctl?a=1&amp;b=&#50;<![CDATA[&]]></controlURL></service>
</serviceList></device></deviceList></device></deviceList></device></root>"#;

    #[test]
    fn services_of_nested_devices_are_found() {
        let description = Description::parse(DESCRIPTION.as_bytes());
        assert_eq!(description.url_base.as_deref(), Some("http://192.168.1.1:80"));
        assert_eq!(description.services.len(), 2);
        let service = &description.services[1];
        assert_eq!(service.service_type, "urn:schemas-upnp-org:service:WANIPConnection:1");
        assert_eq!(service.control_url, "/ctl?a=1&b=2&");
    }

    #[test]
    fn deep_nesting_long_text_and_entities_are_harmless() {
        assert_eq!(Description::parse("<a>".repeat(20_000).as_bytes()), Description::default());
        let long = format!("<URLBase>{}</URLBase>", "ä".repeat(20_000));
        let base = Description::parse(long.as_bytes()).url_base.unwrap();
        assert_eq!(base.len(), MAX_TEXT_BYTES);
        let bomb = r#"<!DOCTYPE x [<!ENTITY a "&b;&b;"><!ENTITY b "bb">]><URLBase>1&a;2</URLBase>"#;
        assert_eq!(Description::parse(bomb.as_bytes()).url_base.as_deref(), Some("12"));
        let many = "<service></service>".repeat(1000);
        let description = Description::parse(format!("<r>{many}</r>").as_bytes());
        assert_eq!(description.services.len(), MAX_SERVICES);
    }

    #[test]
    fn a_description_is_read_as_far_as_it_is_well_formed() {
        let text = "<r><URLBase>x</URLBase><service></r>";
        assert_eq!(Description::parse(text.as_bytes()).url_base.as_deref(), Some("x"));
    }

    proptest! {
        #[test]
        fn any_document_is_read(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            text in "(<|</|>|/>|service|URLBase|&amp;|&#[0-9x]*;|<!--|-->|<!\\[CDATA\\[|[a ])*",
        ) {
            Description::parse(&bytes);
            Description::parse(text.as_bytes());
        }
    }
}
