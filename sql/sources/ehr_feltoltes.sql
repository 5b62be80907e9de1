-- One document of MedWorkS's example table MW_DOKUMENTUM: its sections, or a file with the digest it had when it was recorded.
SELECT d.DOKUMENTUM_ID, d.AZONOSITO_TIPUS, d.TAJ, d.AZONOSITO, d.NEV, d.SZUL_DATUM, d.NEM, d.OTH_KOD, d.MUNKAHELY_NEV,
       d.SZERZO_NEV, d.PECSETSZAM, d.FAJTA, d.NAPLOSORSZAM, d.KESZULT, d.SZAKASZOK, d.MEDIA_TIPUS, d.TARTALOM, d.LENYOMAT
  FROM MW_DOKUMENTUM d
 WHERE d.DOKUMENTUM_ID = :source_key
