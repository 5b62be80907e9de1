-- One prescription of MedWorkS's example table MW_VENY; its key stands in the outbox row.
SELECT v.VENY_ID, v.TAJ, v.NEV, v.SZUL_DATUM, v.PECSETSZAM, v.OTH_KOD, v.VENY_TIPUS, v.JOGCIM, v.TTT_KOD, v.MENNYISEG,
       v.HELYETTESITHETO, v.BNO_KOD, v.ADAG, v.GYAKORISAG, v.OSSZETEVOK, v.ELKESZITES, v.NAPLOSORSZAM, v.FELIRAS_IDEJE, v.GYSE, v.EGYSE
  FROM MW_VENY v
 WHERE v.VENY_ID = :source_key
