//! Files that are imported: a definition, and data of one subject.

use crate::client::pct;

pub fn definition() -> String {
    let item = |oid: &str, kind: &str| format!(r#"<ItemDef OID="{oid}" Name="{oid}" DataType="{kind}" Length="200"/>"#);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileType="Snapshot" FileOID="F.1" CreationDateTime="2026-11-21T10:00:00Z" ODMVersion="1.3.2">
<Study OID="ST.X"><GlobalVariables><StudyName>X</StudyName><StudyDescription>X</StudyDescription><ProtocolName>X</ProtocolName></GlobalVariables>
<MetaDataVersion OID="MDV.1" Name="One"><Protocol><StudyEventRef StudyEventOID="SE.1" Mandatory="Yes"/></Protocol>
<StudyEventDef OID="SE.1" Name="Visit 1" Repeating="No" Type="Scheduled"><FormRef FormOID="F.VS" Mandatory="Yes"/></StudyEventDef>
<FormDef OID="F.VS" Name="Vital signs" Repeating="No"><ItemGroupRef ItemGroupOID="IG.VS" Mandatory="Yes"/></FormDef>
<ItemGroupDef OID="IG.VS" Name="Vital signs" Repeating="No"><ItemRef ItemOID="I.SYS" Mandatory="No"/><ItemRef ItemOID="I.NOTE" Mandatory="No"/></ItemGroupDef>
{}{}</MetaDataVersion></Study></ODM>"#,
        item("I.SYS", "integer"),
        item("I.NOTE", "text")
    )
}

pub fn data(subject: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileType="Snapshot" FileOID="F.2.{subject}" CreationDateTime="2026-11-21T10:00:00Z" ODMVersion="1.3.2">
<ClinicalData StudyOID="ST.X" MetaDataVersionOID="MDV.1"><SubjectData SubjectKey="{}"><StudyEventData StudyEventOID="SE.1"><FormData FormOID="F.VS">
<ItemGroupData ItemGroupOID="IG.VS"><ItemData ItemOID="I.SYS" Value="118"/></ItemGroupData></FormData></StudyEventData></SubjectData></ClinicalData></ODM>"#,
        pct(subject)
    )
}
