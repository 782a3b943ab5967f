//! Everything the standard has, in one file of each edition: read, written, validated, read again to the same.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use odm::{ClinicalReader, Limits, Mode, OdmWriter, StudyRead, read_study};
use support::validate;
use trial::clinical::{Chunk, ItemElement, Part};
use trial::definition::{CodeListContent, DataType, Indexed};

fn read(file: &[u8]) -> (StudyRead, Vec<Chunk>) {
    let studies = read_study(file, Mode::Strict, &Limits::default()).unwrap();
    let reader = ClinicalReader::new(file, Mode::Strict, &Limits::default()).unwrap();
    (studies, reader.collect::<Result<_, _>>().unwrap())
}

fn survives(name: &str, file: &str) -> (StudyRead, Vec<Chunk>) {
    let (studies, chunks) = read(file.as_bytes());
    let mut writer = OdmWriter::new(Vec::new(), &studies.file).unwrap();
    studies.studies.iter().for_each(|study| writer.study(study).unwrap());
    chunks.iter().for_each(|chunk| writer.chunk(chunk).unwrap());
    let out = writer.finish().unwrap();
    validate(name, &out);
    let (studies_again, chunks_again) = read(&out);
    assert_eq!(studies_again.studies, studies.studies);
    assert_eq!(studies_again.admin, studies.admin);
    assert_eq!(chunks_again, chunks);
    (studies, chunks)
}

const EDITION_1_3: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:v="urn:vendor" FileOID="f" FileType="Transactional" ODMVersion="1.3.2"
     CreationDateTime="2026-11-21T10:00:00+01:00" Granularity="All" Archival="Yes" v:colour="red">
  <Study OID="S">
    <GlobalVariables><StudyName>s</StudyName><StudyDescription> two
 lines &lt;&amp;&gt; </StudyDescription><ProtocolName>p</ProtocolName></GlobalVariables>
    <BasicDefinitions><MeasurementUnit OID="U" Name="kg"><Symbol><TranslatedText xml:lang="en">kg</TranslatedText></Symbol><Alias Context="c" Name="n"/></MeasurementUnit></BasicDefinitions>
    <MetaDataVersion OID="V.1" Name="one" Description="first">
      <Protocol><Description><TranslatedText>d</TranslatedText></Description><StudyEventRef StudyEventOID="E" OrderNumber="1" Mandatory="Yes" CollectionExceptionConditionOID="C"/><Alias Context="c" Name="n"/></Protocol>
      <StudyEventDef OID="E" Name="e" Repeating="Yes" Type="Unscheduled" Category="x"><FormRef FormOID="F" OrderNumber="1" Mandatory="No"/></StudyEventDef>
      <FormDef OID="F" Name="f" Repeating="Yes"><ItemGroupRef ItemGroupOID="G" Mandatory="Yes"/><ArchiveLayout OID="AL" PdfFileName="f.pdf" PresentationOID="P"/></FormDef>
      <ItemGroupDef OID="G" Name="g" Repeating="Yes" IsReferenceData="No" SASDatasetName="G" Domain="VS" Origin="o" Role="r" Purpose="p" Comment="c">
        <ItemRef ItemOID="I" OrderNumber="1" Mandatory="Yes" KeySequence="1" MethodOID="M" Role="r" RoleCodeListOID="CL.1"/><ItemRef ItemOID="J" Mandatory="No" ImputationMethodOID="IM"/>
      </ItemGroupDef>
      <ItemDef OID="I" Name="i" DataType="float" Length="5" SignificantDigits="1" SASFieldName="I" SDSVarName="VSORRES" Origin="o" Comment="c">
        <Description><TranslatedText xml:lang="en">d</TranslatedText></Description>
        <Question><TranslatedText xml:lang="en">Weight?</TranslatedText><TranslatedText xml:lang="de">Gewicht?</TranslatedText><v:hint>&amp; more</v:hint></Question>
        <ExternalQuestion Dictionary="D" Version="1" Code="9"/><MeasurementUnitRef MeasurementUnitOID="U"/>
        <RangeCheck Comparator="GE" SoftHard="Hard"><CheckValue>1.5</CheckValue><MeasurementUnitRef MeasurementUnitOID="U"/><ErrorMessage><TranslatedText>low</TranslatedText></ErrorMessage></RangeCheck>
        <RangeCheck SoftHard="Soft"><FormalExpression Context="X">1 &lt; 2</FormalExpression></RangeCheck>
        <Role>a</Role><Role>b</Role>
      </ItemDef>
      <ItemDef OID="J" Name="j" DataType="text"><CodeListRef CodeListOID="CL.1"/></ItemDef>
      <CodeList OID="CL.1" Name="c" DataType="text" SASFormatName="$C"><CodeListItem CodedValue="A" Rank="1.5" OrderNumber="1"><Decode><TranslatedText>a</TranslatedText></Decode></CodeListItem></CodeList>
      <CodeList OID="CL.2" Name="c" DataType="integer"><EnumeratedItem CodedValue="1"/></CodeList>
      <CodeList OID="CL.3" Name="c" DataType="text"><ExternalCodeList Dictionary="MedDRA" Version="27" href="https://example.org" ref="x"/></CodeList>
      <ImputationMethod OID="IM">mean</ImputationMethod>
      <Presentation OID="P" xml:lang="en">p</Presentation>
      <ConditionDef OID="C" Name="c"><Description><TranslatedText>d</TranslatedText></Description><FormalExpression>x</FormalExpression></ConditionDef>
      <MethodDef OID="M" Name="m" Type="Computation"><Description><TranslatedText>d</TranslatedText></Description></MethodDef>
    </MetaDataVersion>
    <MetaDataVersion OID="V.2" Name="two"><Include StudyOID="S" MetaDataVersionOID="V.1"/></MetaDataVersion>
  </Study>
  <AdminData StudyOID="S">
    <User OID="USR" UserType="Investigator"><LoginName>l</LoginName><DisplayName>d</DisplayName><FullName>f</FullName><FirstName>a</FirstName><LastName>b</LastName><Organization>o</Organization>
      <Address><StreetName>s</StreetName><City>c</City><Country>NO</Country><PostalCode>1</PostalCode></Address><Email>e</Email><Picture PictureFileName="p.png" ImageType="png"/><Pager>1</Pager><Fax>2</Fax><Phone>3</Phone><LocationRef LocationOID="LOC"/><Certificate>c</Certificate></User>
    <Location OID="LOC" Name="Oslo" LocationType="Site"><MetaDataVersionRef StudyOID="S" MetaDataVersionOID="V.1" EffectiveDate="2026-01-01"/></Location>
    <SignatureDef OID="SIG" Methodology="Electronic"><Meaning>approved</Meaning><LegalReason>law</LegalReason></SignatureDef>
  </AdminData>
  <ReferenceData StudyOID="S" MetaDataVersionOID="V.1"><ItemGroupData ItemGroupOID="G"><ItemData ItemOID="I" Value="1"/></ItemGroupData></ReferenceData>
  <ClinicalData StudyOID="S" MetaDataVersionOID="V.1">
    <SubjectData SubjectKey="001" TransactionType="Upsert">
      <AuditRecord EditPoint="Monitoring" UsedImputationMethod="No" ID="AR.1"><UserRef UserOID="USR"/><LocationRef LocationOID="LOC"/><DateTimeStamp>2026-11-21T10:00:00Z</DateTimeStamp><ReasonForChange>r</ReasonForChange><SourceID>s</SourceID></AuditRecord>
      <Signature ID="SG.1"><UserRef UserOID="USR"/><LocationRef LocationOID="LOC"/><SignatureRef SignatureOID="SIG"/><DateTimeStamp>2026-11-21T10:00:00Z</DateTimeStamp><CryptoBindingManifest>m</CryptoBindingManifest></Signature>
      <InvestigatorRef UserOID="USR"/><SiteRef LocationOID="LOC"/>
      <Annotation SeqNum="1" TransactionType="Insert" ID="AN.1"><Comment SponsorOrSite="Site">c</Comment><Flag><FlagValue CodeListOID="CL.1">A</FlagValue><FlagType CodeListOID="CL.1">t</FlagType></Flag></Annotation>
      <StudyEventData StudyEventOID="E" StudyEventRepeatKey="1">
        <FormData FormOID="F" FormRepeatKey="1"><ArchiveLayoutRef ArchiveLayoutOID="AL"/>
          <ItemGroupData ItemGroupOID="G" ItemGroupRepeatKey="1"><v:note/>
            <ItemData ItemOID="I" Value="72.5" TransactionType="Insert"><MeasurementUnitRef MeasurementUnitOID="U"/></ItemData>
            <ItemData ItemOID="J" IsNull="Yes"/>
          </ItemGroupData>
          <ItemGroupData ItemGroupOID="G" ItemGroupRepeatKey="2"><ItemDataFloat ItemOID="I" AuditRecordID="AR.2" SignatureID="SG.2" AnnotationID="AN.2" MeasurementUnitOID="U">72.5</ItemDataFloat><ItemDataAny ItemOID="J" IsNull="Yes"/></ItemGroupData>
        </FormData>
      </StudyEventData>
    </SubjectData>
    <AuditRecords><AuditRecord ID="AR.2"><UserRef UserOID="USR"/><LocationRef LocationOID="LOC"/><DateTimeStamp>2026-11-21T10:00:00Z</DateTimeStamp></AuditRecord></AuditRecords>
    <Signatures><Signature ID="SG.2"><UserRef UserOID="USR"/><LocationRef LocationOID="LOC"/><SignatureRef SignatureOID="SIG"/><DateTimeStamp>2026-11-21T10:00:00Z</DateTimeStamp></Signature></Signatures>
    <Annotations><Annotation SeqNum="2" ID="AN.2"/></Annotations>
    <v:summary>done</v:summary>
  </ClinicalData>
  <Association StudyOID="S" MetaDataVersionOID="V.1"><KeySet StudyOID="S" SubjectKey="001"/><KeySet StudyOID="S" SubjectKey="001" StudyEventOID="E" FormOID="F" ItemGroupOID="G" ItemOID="I"/><Annotation SeqNum="1"><Comment>c</Comment></Annotation></Association>
</ODM>"#;

#[test]
fn all_of_1_3_2_survives() {
    let (studies, chunks) = survives("ODM 1.3.2", EDITION_1_3);
    assert_eq!(studies.problems, []);
    let index = Indexed::find(&studies.studies, &"S".into(), &"V.2".into()).unwrap();
    assert!(index.item("I").is_some(), "the second version includes the first");
    let count = |is: fn(&Chunk) -> bool| chunks.iter().filter(|chunk| is(chunk)).count();
    assert_eq!(count(|of| matches!(of, Chunk::Reference(_))), 1);
    assert_eq!(
        count(|of| matches!(of, Chunk::AuditRecords { .. } | Chunk::Signatures { .. } | Chunk::Annotations { .. })),
        3
    );
    assert_eq!(count(|of| matches!(of, Chunk::Association(_))), 1);
    assert_eq!(count(|of| matches!(of, Chunk::Extension { .. })), 1);
    let Some(Chunk::Form(form)) = chunks.iter().find(|of| matches!(of, Chunk::Form(_))) else { panic!("no form") };
    let typed = form.groups.get(1).unwrap().items.first().unwrap();
    assert_eq!((typed.element, typed.value.as_deref()), (ItemElement::Typed(DataType::Float), Some("72.5")));
    assert_eq!(typed.audit_id.as_deref(), Some("AR.2"));
}

const EDITION_2_0: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v2.0" FileOID="f" FileType="Snapshot" ODMVersion="2.0" CreationDateTime="2026-11-21T10:00:00Z">
  <Study OID="S" StudyName="s" ProtocolName="p" Status="draft">
    <Description><TranslatedText Type="text/plain">about</TranslatedText></Description>
    <MetaDataVersion OID="V" Name="v">
      <Description><TranslatedText Type="text/plain">first</TranslatedText></Description>
      <StudyEventDef OID="E" Name="e" Repeating="No" Type="Scheduled"><ItemGroupRef ItemGroupOID="F" Mandatory="Yes"/></StudyEventDef>
      <ItemGroupDef OID="F" Name="form" Repeating="No" Type="Form"><ItemGroupRef ItemGroupOID="G" Mandatory="Yes"/><ItemRef ItemOID="I" Mandatory="Yes" Core="HR"/></ItemGroupDef>
      <ItemGroupDef OID="G" Name="group" Repeating="Static" RepeatingLimit="3" Type="Section" DatasetName="LONGER_THAN_EIGHT"><ItemGroupRef ItemGroupOID="H" Mandatory="No"/><ItemRef ItemOID="J" Mandatory="No"/></ItemGroupDef>
      <ItemGroupDef OID="H" Name="inner" Repeating="No" Type="Concept"><ItemRef ItemOID="I" Mandatory="No"/></ItemGroupDef>
      <ItemDef OID="I" Name="i" DataType="decimal"><Question><TranslatedText Type="text/plain" xml:lang="en">q</TranslatedText></Question><Prompt><TranslatedText Type="text/plain">p</TranslatedText></Prompt>
        <RangeCheck Comparator="GT"><CheckValue>1</CheckValue></RangeCheck><RangeCheck><FormalExpression Context="x"><Code>1 = 1</Code></FormalExpression></RangeCheck></ItemDef>
      <ItemDef OID="J" Name="j" DataType="text"><CodeListRef CodeListOID="CL"/></ItemDef>
      <CodeList OID="CL" Name="c" DataType="text"><CodeListItem CodedValue="A"/><CodeListItem CodedValue="B" Other="Yes"/></CodeList>
      <ConditionDef OID="C" Name="c"><Description><TranslatedText Type="text/plain">d</TranslatedText></Description><MethodSignature/></ConditionDef>
      <MethodDef OID="M" Name="m" Type="Preload"><Description><TranslatedText Type="text/plain">d</TranslatedText></Description><MethodSignature/></MethodDef>
    </MetaDataVersion>
  </Study>
  <AdminData><User OID="USR" UserType="Monitor"><UserName>l</UserName><GivenName>a</GivenName><FamilyName>b</FamilyName><Telecom TelecomType="Email" Value="e"/></User>
    <Organization OID="ORG" Name="o" Type="Site"/></AdminData>
  <ClinicalData StudyOID="S" MetaDataVersionOID="V">
    <SubjectData SubjectKey="001">
      <StudyEventData StudyEventOID="E">
        <ItemGroupData ItemGroupOID="F">
          <ItemData ItemOID="I"><Value>72.50</Value></ItemData>
          <ItemGroupData ItemGroupOID="G" ItemGroupRepeatKey="1" ItemGroupDataSeq="1">
            <ItemGroupData ItemGroupOID="H"><ItemData ItemOID="I"><Value SeqNum="1">1</Value><Value SeqNum="2">2</Value></ItemData></ItemGroupData>
            <ItemData ItemOID="J" IsNull="Yes"/>
          </ItemGroupData>
          <AuditRecord UsedMethod="Yes"><UserRef UserOID="USR"/><LocationRef LocationOID="LOC"/><DateTimeStamp>2026-11-21T10:00:00Z</DateTimeStamp></AuditRecord>
          <Annotation SeqNum="1"><Comment><TranslatedText Type="text/plain">c</TranslatedText></Comment></Annotation>
          <Query OID="Q" Source="System" State="Open" LastUpdateDatetime="2026-11-21T10:00:00Z"><Value>why?</Value></Query>
        </ItemGroupData>
      </StudyEventData>
      <AuditRecord><UserRef UserOID="USR"/><LocationRef LocationOID="LOC"/><DateTimeStamp>2026-11-21T10:00:00Z</DateTimeStamp></AuditRecord>
    </SubjectData>
  </ClinicalData>
</ODM>"#;

#[test]
fn all_of_2_0_survives_in_1_3_2() {
    let (studies, chunks) = survives("ODM 2.0", EDITION_2_0);
    assert_eq!(studies.problems, []);
    let study = studies.studies.first().unwrap();
    let version = study.versions.first().unwrap();
    assert_eq!((study.description.as_str(), version.description.as_deref()), ("about", Some("first")));
    let form = version.forms.first().unwrap();
    let groups: Vec<(&str, Option<&str>)> =
        form.groups.iter().map(|of| (of.group.as_str(), of.within.as_ref().map(|of| of.as_str()))).collect();
    assert_eq!(groups, [("F.OWN-ITEMS", None), ("G", None), ("H", Some("G"))]);
    let item = version.items.first().unwrap();
    assert_eq!((item.data_type, item.prompt.in_language("en")), (DataType::Decimal, "p"));
    assert!(matches!(version.code_lists.first().unwrap().content, CodeListContent::Enumerated(_)));

    let Some(Chunk::Form(form)) = chunks.iter().find(|of| matches!(of, Chunk::Form(_))) else { panic!("no form") };
    let values: Vec<(&str, &str)> = form
        .groups
        .iter()
        .flat_map(|row| row.items.iter().map(|item| (row.group.as_str(), item.value.as_deref().unwrap_or("null"))))
        .collect();
    assert_eq!(values, [("F.OWN-ITEMS", "72.50"), ("G", "null"), ("H", "1")]);
    assert_eq!(form.form.audit.first().unwrap().used_imputation_method, Some(true));
    assert_eq!(form.form.annotations.first().unwrap().comment.as_deref(), Some("c"));
    assert!(form.form.extensions.iter().any(|of| of.name == "Query" && of.xml.contains("why?")));
    let second = form.groups.get(2).unwrap().items.first().unwrap();
    assert!(second.extensions.iter().any(|of| of.xml.contains(">2</Value>")), "a second value is kept");
    let closing = chunks.iter().any(|of| matches!(of, Chunk::Subject(of) if of.part == Part::Closing));
    assert!(closing, "the subject's audit record comes after its visits");
    let kept: Vec<&str> = studies.report.extensions.iter().map(|of| of.name.as_str()).collect();
    for name in ["Status", "Core", "RepeatingLimit", "MethodSignature", "Organization", "Telecom", "Other"] {
        assert!(kept.contains(&name), "{name} is listed");
    }
}
