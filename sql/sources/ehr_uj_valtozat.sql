-- A document that is a new version, and what the EESZT knows the replaced item by (null where that was not accepted).
SELECT d.DOKUMENTUM_ID, d.AZONOSITO_TIPUS, d.TAJ, d.AZONOSITO, d.NEV, d.SZUL_DATUM, d.NEM, d.OTH_KOD, d.MUNKAHELY_NEV,
       d.SZERZO_NEV, d.PECSETSZAM, d.FAJTA, d.NAPLOSORSZAM, d.KESZULT, d.SZAKASZOK, d.MEDIA_TIPUS, d.TARTALOM, d.LENYOMAT,
       (SELECT i.VALUE FROM EESZT_V_ITEM n JOIN EESZT_IDENTIFIER i ON i.ITEM_ID = n.REPLACES
         WHERE n.ITEM_ID = :item_id AND i.NAME IN ('eeszt_id', 'valtozat') AND i.IS_SECOND = 0) AS EREDETI
  FROM MW_DOKUMENTUM d
 WHERE d.DOKUMENTUM_ID = :source_key
